"""A history of versions, acted out on an index, and what every reference means at any moment.

The answers are evaluated in plain Python over all that ever happened: nothing of the scripts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import pytest

from raincheck.index import Index
from raincheck.index.alias_scripts import Mover
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import MetricMissingError, VersionAliasedError
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import (
    AliasSelector,
    BestSelector,
    Condition,
    NthSelector,
    Operator,
    PipelineSelector,
    RunSelector,
    TagSelector,
    VersionSelector,
    WhereSelector,
)
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver

ARTIFACT = "m"
#: Whether something that came at a revision is asked about.
Then = Callable[[int], bool]
Metadata = dict[str, JsonValue]


def _always(_revision: int) -> bool:
    return True


@dataclass(slots=True)
class PastVersion:
    """A version, with the revisions at which it got what it has."""

    name: str
    revision: int
    pipeline: str | None
    run: str | None
    metadata: dict[str, tuple[JsonValue, int]]
    tags: dict[str, int]

    def value(self, key: str, then: Then) -> JsonValue:
        """Of a metadata key; None when it was not there. No value of a history is None."""
        value, revision = self.metadata.get(key, (None, 0))
        return value if then(revision) else None


@dataclass(slots=True)
class Past:
    """All that ever happened to one artifact."""

    driver: Driver
    versions: list[PastVersion] = field(default_factory=list[PastVersion])
    """Those that are there; a deleted one is an answer of no moment, also of none before."""
    aliases: list[tuple[str, str | None, int]] = field(
        default_factory=list[tuple[str, str | None, int]]
    )
    """Alias, version or None when it was removed, revision of the move."""
    deleted: set[str] = field(default_factory=set[str])
    named: int = 0
    """Versions that were published by hand."""
    runs: list[str] = field(default_factory=list[str])

    @property
    def index(self) -> Index:
        """Where it happens."""
        return self.driver.index

    # Acts; each is a call of the index, and what is to be remembered of it.

    def publish(self, *, named: bool, metadata: Metadata, tags: tuple[str, ...]) -> None:
        """Publish a version by hand, under a number or a name of its own."""
        self.named += 1
        name = f"v{self.named}" if named else None
        new = new_version(ARTIFACT, name, metadata=metadata, tags=tags)
        done = self.index.versions.publish(nonce(), new)
        self._note(done.version, done.revision, None, None, metadata, tags)

    def publish_in_run(
        self, *, pipeline_name: str, metadata: Metadata, tags: tuple[str, ...], count: int
    ) -> None:
        """Publish versions as outputs of one step: they share a revision."""
        spec = pipeline(step("s")).model_copy(update={"name": pipeline_name})
        run = self.driver.submit(spec)
        outputs = [
            new_version(ARTIFACT, output=f"o{place}", metadata=metadata, tags=tags)
            for place in range(count)
        ]
        done = self.driver.finish(run, "s", *outputs)
        self.runs.append(run)
        for place in range(count):
            name = done.outputs[f"o{place}"].partition("@")[2]
            self._note(name, done.revision, pipeline_name, run, metadata, tags)

    def log(self, *, place: int, metadata: Metadata) -> None:
        """Add metadata to a version; keys that it has are left out."""
        if version := self._at(place):
            new = {key: value for key, value in metadata.items() if key not in version.metadata}
            done = self.index.versions.log_metadata(ARTIFACT, version.name, new)
            version.metadata |= {key: (value, done.revision) for key, value in new.items()}

    def tag(self, *, place: int, tag: str) -> None:
        """Tag a version, perhaps again."""
        if version := self._at(place):
            done = self.index.versions.tag(ARTIFACT, version.name, tag)
            version.tags.setdefault(tag, done.revision)

    def move(self, *, place: int, alias: str) -> None:
        """Let an alias name a version, perhaps the one that it names."""
        if version := self._at(place):
            done = self.index.versions.set_alias(nonce(), ARTIFACT, alias, version.name)
            self.aliases.append((alias, version.name, done.revision))

    def promote(self, *, place: int, alias: str, mode: Literal["min", "max"]) -> None:
        """Let an alias name a version if that has a better `a`."""
        if version := self._at(place):
            now = self.named_by(alias)
            compared = [version, *(one for one in self.versions if one.name == now)]
            numbers = [_number(one.value("a", _always)) for one in compared]
            compare = partial(
                self.index.aliases.promote,
                *(nonce(), ARTIFACT, version.name, alias),
                metric="a",
                mode=mode,
                mover=Mover(by="ann"),
            )
            if None in numbers:
                with pytest.raises(MetricMissingError):
                    compare()
                return
            new, *old = [(1 if mode == "min" else -1) * number for number in numbers if number]
            done = compare().promotion
            assert done.moved == (not old or new < old[0])
            if done.moved:
                self.aliases.append((alias, version.name, done.revision))

    def delete(self, *, place: int, force: bool) -> None:
        """Delete a version, unless aliases name it and it is not by force."""
        if version := self._at(place):
            names = {name for name, _, _ in self.aliases}
            aliases = sorted(name for name in names if self.named_by(name) == version.name)
            delete = partial(
                self.index.deletions.delete,
                *(nonce(), ARTIFACT, version.name),
                force=force,
                mover=Mover(by="ann"),
            )
            if aliases and not force:
                with pytest.raises(VersionAliasedError):
                    delete()
                return
            done = delete().deletion
            assert list(done.aliases) == aliases
            self.aliases += [(alias, None, done.revision) for alias in aliases]
            self.versions.remove(version)
            self.deleted.add(version.name)

    def named_by(self, alias: str, then: Then = _always) -> str | None:
        """The version that an alias named; perhaps one that was deleted since."""
        moves = [to for name, to, revision in self.aliases if name == alias and then(revision)]
        return moves[-1] if moves else None

    def _at(self, place: int) -> PastVersion | None:
        return self.versions[place % len(self.versions)] if self.versions else None

    def _note(
        self,
        name: str,
        revision: int,
        pipeline_name: str | None,
        run: str | None,
        metadata: Metadata,
        tags: tuple[str, ...],
    ) -> None:
        noted = {key: (value, revision) for key, value in metadata.items()}
        tagged = dict.fromkeys(tags, revision)
        self.versions.append(PastVersion(name, revision, pipeline_name, run, noted, tagged))

    # Answers

    def meant(self, reference: Reference, then: Then) -> list[tuple[str, JsonValue]] | None:
        """The versions that a reference names, with their metadata if it asks for it.

        Args:
            reference: to this artifact.
            then: of the moment to be asked about.

        Returns:
            In order, one without a list; None when it names none, or one lacks the metadata.
        """
        found = list(self._ordered(reference, then))
        if reference.take is None:
            found = found[:1]
        elif reference.take != "all":
            found = found[: reference.take]
        if not found:
            return None
        if reference.pointer is None:
            return [(version.name, None) for version in found]
        values = [(item.name, item.value(reference.pointer_tokens[0], then)) for item in found]
        return None if any(value is None for _, value in values) else values

    def _ordered(  # noqa: C901 - one for each selector
        self, reference: Reference, then: Then
    ) -> Iterator[PastVersion]:
        there = [version for version in self.versions if then(version.revision)]
        newest = there[::-1]
        match reference.selector:
            case VersionSelector(version=name):
                yield from (version for version in there if version.name == name)
            case AliasSelector(alias=alias):
                named = self.named_by(alias, then)
                yield from (version for version in there if version.name == named)
            case NthSelector(back=back):
                yield from newest[back : back + 1]
            case TagSelector(tag=tag):
                yield from (item for item in newest if tag in item.tags and then(item.tags[tag]))
            case PipelineSelector(pipeline=name):
                yield from (version for version in newest if version.pipeline == name)
            case RunSelector(run=run):
                yield from (version for version in newest if version.run == run)
            case BestSelector():
                yield from _best_first(newest, reference.selector, then)
            case WhereSelector(conditions=conditions):
                yield from (item for item in newest if _satisfies(item, conditions, then))
            case _:
                yield from newest

    def times(self) -> dict[int, datetime]:
        """When each revision that has events was, to the millisecond."""
        return {
            int(event.id.partition("-")[0]): event.time.astimezone(UTC)
            for event in self.index.events.read(limit=1_000)
        }


def _number(value: JsonValue) -> float | None:
    return value if isinstance(value, int | float) else None


def _best_first(
    newest: list[PastVersion], selector: BestSelector, then: Then
) -> Iterator[PastVersion]:
    sign = 1 if selector.mode == "min" else -1
    scored = [(item.value(selector.metric, then), item) for item in newest]
    numbers = [(sign * value, item) for value, item in scored if isinstance(value, int | float)]
    yield from (item for _, item in sorted(numbers, key=lambda pair: pair[0]))


def _satisfies(version: PastVersion, conditions: tuple[Condition, ...], then: Then) -> bool:
    return all(_holds(version.value(one.key, then), one) for one in conditions)


def _holds(value: JsonValue, condition: Condition) -> bool:
    if value is None:
        return False
    wanted = condition.value
    match condition.op:
        case Operator.EXISTS:
            return True
        case Operator.EQ:
            return type(value) is type(wanted) and value == wanted
        case _:
            if not isinstance(value, int | float) or not isinstance(wanted, int | float):
                return False
            return {
                Operator.LT: value < wanted,
                Operator.LE: value <= wanted,
                Operator.GT: value > wanted,
                Operator.GE: value >= wanted,
            }[condition.op]
