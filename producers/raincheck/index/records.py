"""Reading what the index holds: runs, steps, versions. Changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from raincheck.index import replies
from raincheck.index.connection import Connection, text
from raincheck.index.replies import Figures
from raincheck.index.run_records import FINAL_STATUS, StoredRun, read_run
from raincheck.index.spec_record import read_spec
from raincheck.index.version_records import hash_of, read_version, version_hashes
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import RunNotFoundError
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.runs import Run, RunStatus, StepRun

_PAGE = 500
_RECORDS = ("ver:", "late:")  # of a version that is there, of one that was deleted
_NAMES = 1_000  # of artifacts, in one page


@dataclass(frozen=True, slots=True)
class ArtifactSummary:
    """An artifact at a glance."""

    artifact: str
    versions: int
    newest: ArtifactVersion | None
    aliases: Mapping[str, str]
    namespace: str | None = None
    """The fall-back that it is read from; None for the own namespace."""


class Records:
    """The records of one namespace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _key(self, *parts: str) -> str:
        return self._connection.prefix + "".join(parts)

    def _ask(self, *commands: Sequence[str | int]) -> list[Any]:
        return self._connection.ask(commands)

    def revision(self) -> int:
        """The index's revision now."""
        return int(self._ask(("HGET", self._key("index"), "revision"))[0] or 0)

    # Runs

    def stored_run(self, run: str) -> StoredRun:
        """A run's records as they stand.

        Raises:
            RunNotFoundError: no such run.
        """
        record = hash_of(self._ask(("HGETALL", self._key("run:", run)))[0])
        if not record:
            raise RunNotFoundError(run)
        names = text(self._ask(("HGET", self._key("spec:", text(record["spec"])), "steps"))[0])
        steps = names.split()
        details = [hash_of(reply) for reply in self._ask(*self._step_reads(run, steps))]
        return StoredRun(run, record, dict(zip(steps, details, strict=True)))

    def stored_run_again(self, before: StoredRun) -> StoredRun:
        """A run's records as they stand, in one round trip; cheap to ask again.

        Args:
            before: what was read last. Steps that had ended then are not read again.

        Raises:
            RunNotFoundError: its records are gone.
        """
        live = [step for step in before.steps if not before.state(step).final]
        reads = self._step_reads(before.run, live)
        reply, *details = self._ask(("HGETALL", self._key("run:", before.run)), *reads)
        record = hash_of(reply)
        if not record:
            raise RunNotFoundError(before.run)
        news = dict(zip(live, map(hash_of, details), strict=True))
        return StoredRun(before.run, record, {**before.steps, **news})

    def _step_reads(self, run: str, steps: Sequence[str]) -> list[tuple[str, str]]:
        return [("HGETALL", self._key("step:", run, "/", step)) for step in steps]

    def final_status(self, run: str) -> RunStatus | None:
        """The status in which a run has ended, or None; one field, cheap to ask again.

        Raises:
            RunNotFoundError: no such run.
        """
        state = self._ask(("HGET", self._key("run:", run), "state"))[0]
        if state is None:
            raise RunNotFoundError(run)
        return FINAL_STATUS.get(text(state))

    def retries(self, run: str) -> int:
        """How often a run was retried; 0 for one that is not there."""
        return int(self._ask(("HGET", self._key("run:", run), "retries"))[0] or 0)

    def run(self, run: str) -> Run:
        """A run with its steps.

        Raises:
            RunNotFoundError: no such run.
        """
        return read_run(self.stored_run(run))

    def runs(self, limit: int, *, live_only: bool = False) -> Iterator[Run]:
        """The runs that `run_ids` names, each read when it is asked for."""
        for run in self.run_ids(limit, live_only=live_only):
            with suppress(RunNotFoundError):  # it may expire between the two reads
                yield self.run(run)

    def spec(self, run: str) -> PipelineSpec:
        """The compiled pipeline of a run.

        Raises:
            RunNotFoundError: no such run.
        """
        digest = self._ask(("HGET", self._key("run:", run), "spec"))[0]
        if digest is None:
            raise RunNotFoundError(run)
        return read_spec(self._connection, text(digest))

    def run_ids(self, limit: int, *, live_only: bool = False) -> list[str]:
        """Ids of runs: the live ones, newest first, then the ended ones, newest first."""
        live, done = self._ask(
            ("ZREVRANGE", self._key("runs:live"), 0, limit - 1),
            ("ZREVRANGE", self._key("runs:done"), 0, limit - 1),
        )
        ids = [text(run) for run in ([*live] if live_only else [*live, *done])][:limit]
        # An ended run stays on the list for longer than its record.
        kept = self._ask(*(("EXISTS", self._key("run:", run)) for run in ids))
        return [run for run, exists in zip(ids, kept, strict=True) if exists]

    def dead(self, limit: int) -> Iterator[tuple[Run, StepRun]]:
        """Steps that were given up without an error of their own, newest first."""
        members = self._ask(("ZREVRANGE", self._key("dead"), 0, limit - 1))[0]
        for run, _, name in (text(member).partition("/") for member in members):
            with suppress(RunNotFoundError):  # its records may be gone before its entry
                found = self.run(run)
                yield found, next(step for step in found.steps if step.step == name)

    def dead_count(self) -> int:
        """How many steps are on that list."""
        return int(self._ask(("ZCARD", self._key("dead")))[0])

    # Artifacts

    def artifact_names(
        self, prefix: str = "", *, after: str = "", limit: int | None = None
    ) -> list[str]:
        """Artifacts by name, read in pages.

        Args:
            prefix: of their names.
            after: those whose names come later.
            limit: at most so many; None is all.
        """
        key, last = self._key("arts"), f"({prefix}\x7f" if prefix else "+"  # no name holds it
        first = f"({after}" if after and after >= prefix else f"[{prefix}" if prefix else "-"
        names: list[str] = []
        while limit is None or len(names) < limit:
            size = _NAMES if limit is None else min(_NAMES, limit - len(names))
            page = self._ask(("ZRANGEBYLEX", key, first, last, "LIMIT", 0, size))[0]
            names += [text(name) for name in page]
            if len(page) < size:
                break
            first = f"({names[-1]}"
        return names

    def artifacts(self, names: Sequence[str] | None = None) -> list[ArtifactSummary]:
        """Artifacts with their newest version; two round trips, however many they are.

        Args:
            names: which; None is all.
        """
        names = self.artifact_names() if names is None else names
        asked = [
            command
            for name in names
            for command in (
                ("ZCARD", self._key("vers:", name)),
                ("ZREVRANGE", self._key("vers:", name), 0, 0),
                ("HGETALL", self._key("alias:", name)),
            )
        ]
        answers = self._ask(*asked) if asked else []
        newest = [text(found[0]) if found else "" for found in answers[1::3]]
        versions = self._read_versions(list(zip(names, newest, strict=True)))
        return [
            ArtifactSummary(name, int(count), version, _aliases(aliases), self._connection.foreign)
            for name, count, version, aliases in zip(
                names, answers[::3], versions, answers[2::3], strict=True
            )
        ]

    def version_count(self, artifact: str) -> int:
        """Number of versions of an artifact."""
        return int(self._ask(("ZCARD", self._key("vers:", artifact)))[0])

    def aliases(self, artifact: str) -> dict[str, str]:
        """Alias -> version."""
        return _aliases(self._ask(("HGETALL", self._key("alias:", artifact)))[0])

    def version(self, artifact: str, version: str) -> ArtifactVersion | None:
        """One version, or None."""
        found = self._versions(artifact, [version])
        return found[0] if found else None

    def version_before(self, version: ArtifactVersion) -> ArtifactVersion | None:
        """The version of the same artifact that was published last before it, or None."""
        key, most = self._key("vers:", version.artifact), f"({version.sequence}"
        (found,) = self._ask(("ZREVRANGEBYSCORE", key, most, "-inf", "LIMIT", 0, 1))
        return self.version(version.artifact, text(found[0])) if found else None

    def inline(self, artifact: str, version: str) -> bytes | None:
        """The bytes of a version that the index itself keeps, for 24 hours after its deletion."""
        found: list[bytes | None] = self._ask(
            *(("HGET", self._key(kind, artifact, ":", version), "inline") for kind in _RECORDS)
        )
        return next((value for value in found if value is not None), None)

    def versions(self, artifact: str, limit: int | None = None) -> Iterator[ArtifactVersion]:
        """The versions of an artifact, newest first, read in pages."""
        start = 0
        while limit is None or start < limit:
            size = _PAGE if limit is None else min(_PAGE, limit - start)
            page = self._ask(("ZREVRANGE", self._key("vers:", artifact), start, start + size - 1))[
                0
            ]
            yield from self._versions(artifact, [text(name) for name in page])
            if len(page) < size:
                return
            start += size

    def _versions(self, artifact: str, versions: Sequence[str]) -> list[ArtifactVersion]:
        read = self._read_versions([(artifact, version) for version in versions])
        return [version for version in read if version is not None]

    def _read_versions(self, names: Sequence[tuple[str, str]]) -> list[ArtifactVersion | None]:
        return [
            read_version(artifact, version, record, self._connection.foreign) if record else None
            for (artifact, version), record in zip(
                names, version_hashes(self._connection, names), strict=True
            )
        ]

    # Queues, nodes

    def queues(self) -> list[str]:
        """Queues that ever had a hint."""
        return sorted(text(name) for name in self._ask(("SMEMBERS", self._key("queues")))[0])

    def nodes(self) -> list[str]:
        """Nodes that are registered now."""
        return [text(name) for name in self._ask(("ZRANGE", self._key("nodes"), 0, -1))[0]]

    def figures(self) -> Figures:
        """How much waits and runs now, all read at once."""
        return replies.figures(self._connection.read("figures"))


def _aliases(reply: Any) -> dict[str, str]:
    return {alias: text(version) for alias, version in sorted(hash_of(reply).items())}
