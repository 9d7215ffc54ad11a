"""Histories of an index with subscriptions, and what must be true of them in the end.

The judge knows nothing of cursors, lanes or slices: it reads the versions and aliases that
there are, asks of each whether the author's words apply to it, and looks for its runs.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from raincheck.index import Index
from raincheck.index.backfill_scripts import BackfillOptions, Since
from raincheck.index.deployable import Deployable
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import MetadataConflictError, ReferenceNotFoundError
from raincheck_contracts.events import AliasMoved
from raincheck_contracts.runs import Run
from raincheck_contracts.selectors import Condition, Operator
from raincheck_contracts.subscriptions import (
    AliasCondition,
    Match,
    Outcome,
    SubscriptionState,
    VersionCondition,
)
from tests.support.builders import new_version, nonce
from tests.support.driver import Driver
from tests.support.server_copies import copy_of, restore
from tests.support.subscribing import (
    NEWEST,
    PLAIN,
    advance,
    alias_of,
    batch,
    deployable,
    redefine,
    version_of,
)

GOOD = Condition(key="MSE", op=Operator.LT, value=0.5)
LEASE = 1_000

#: What is subscribed to in every history.
SUBSCRIPTIONS = {
    "each": deployable("each", version_of("m")),
    "good": deployable("good", version_of("m", where=(GOOD,), tag="t")),
    "batch": deployable("batch", version_of("m"), group=batch(10_000, most=3)),
    "newest": deployable("newest", version_of("m"), group=NEWEST, limit=1),
    "skip": deployable("skip", version_of("d"), limit=1, when_full="skip"),
    "replace": deployable("replace", version_of("d"), limit=2, when_full="replace"),
    "both": deployable("both", version_of("m"), version_of("d", where=(GOOD,))),
    "either": deployable("either", (version_of("d"), alias_of("m", "a")), limit=2),
}


class History:
    """An index that things happen to, one after another.

    Args:
        index: an empty one.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self.driver = Driver(index)
        self.index.nodes.beat("n1", LEASE, register=True)
        self._copy: dict[str, tuple[bytes, int]] | None = None
        self.gaps: set[str] = set()
        self.deployed: dict[str, Deployable] = {}
        for name, made in SUBSCRIPTIONS.items():
            index.subscriptions.define(made, expected=0)
            self.deployed[name] = made

    def publish(self, artifact: str, mse: float | None, tagged: bool) -> None:  # noqa: FBT001 - drawn
        """A version by hand."""
        metadata: dict[str, Any] = {} if mse is None else {"MSE": mse}
        version = new_version(artifact, metadata=metadata, tags=("t",) if tagged else ())
        self.index.versions.publish(nonce(), version)

    def log(self, artifact: str, mse: float) -> None:
        """A metric of the newest version, unless it has another."""
        with suppress(MetadataConflictError, ReferenceNotFoundError):
            self.index.versions.log_metadata(artifact, None, {"MSE": mse})

    def tag(self, artifact: str) -> None:
        """A tag of the newest version."""
        with suppress(ReferenceNotFoundError):
            self.index.versions.tag(artifact, None, "t")

    def alias(self, back: int) -> None:
        """An alias moves to one of the newest versions."""
        versions = [item.version for item in self.index.records.versions("m", back + 1)]
        if versions:
            self.index.versions.set_alias(nonce(), "m", "a", versions[-1])

    def wake(self, limit: int) -> None:
        """A worker looks, and dies before it does anything else."""
        self.index.runs.wake(limit)

    def pause(self, name: str) -> None:
        """Unless it lags."""
        if self.index.subscriptions.read(name).state is SubscriptionState.ACTIVE:
            self.index.subscriptions.pause(name, "")

    def resume(self, name: str) -> None:
        """Unless it lags."""
        if self.index.subscriptions.read(name).state is not SubscriptionState.LAGGED:
            self.index.subscriptions.resume(name)

    def redeploy(self, name: str) -> None:
        """With another limit of depth, which makes no difference here."""
        depth = 8 + self.index.subscriptions.read(name).version % 2
        redefine(self.index, self.deployed[name], max_depth=depth)

    def backfill(self, name: str, limit: int) -> None:
        """From the beginning; what had its run is passed by."""
        number = self.index.backfills.count(name) + 1
        self.index.backfills.start(name, number, Since("rev", 0), BackfillOptions(limit=limit))

    def end_run(self, place: int, *, cancelled: bool) -> None:
        """A live run ends."""
        live = sorted(self.index.records.run_ids(1_000, live_only=True))
        if live and cancelled:
            self.index.runs.cancel(live[place % len(live)], "no longer wanted")
        elif live:
            self.driver.finish(self.driver.adopt(live[place % len(live)], PLAIN), "a")

    def forget(self, most: int) -> None:
        """The log is over its size."""
        self.index.runs.trim(most_events=most)

    def back_up(self) -> None:
        """The server writes down all that it holds."""
        self._copy = copy_of(self.index)

    def go_back(self) -> None:
        """The server is restored; a worker that has seen more says so."""
        if self._copy is not None:
            self.index.nodes.beat("n1", LEASE, register=True)
            restore(self.index, self._copy)
            self.index.nodes.beat("n1", LEASE, register=True)

    def drain(self) -> None:
        """Everything is resumed and looked at, gaps are filled, and all runs end."""
        for _ in range(400):
            for subscription in self.index.subscriptions.all():
                name = subscription.definition.name
                if subscription.state is SubscriptionState.LAGGED:
                    self.gaps.add(name)
                    self.index.subscriptions.resume(name, skip_gap=True)
                    self.backfill(name, 2)
                else:
                    self.index.subscriptions.resume(name)
            advance(self.index)
            live = self.index.records.run_ids(1_000, live_only=True)
            if not live and not self._lagging():
                return
            for run in live:
                if self.index.records.final_status(run) is None:
                    self.driver.finish(self.driver.adopt(run, PLAIN), "a")
        raise AssertionError("it goes on for ever")

    def _lagging(self) -> bool:
        states = {subscription.state for subscription in self.index.subscriptions.all()}
        return SubscriptionState.LAGGED in states


class Judge:
    """Looks at an index after a history that was drained.

    Args:
        index: to look at.
        gaps: subscriptions that have skipped a gap in the log.
    """

    def __init__(self, index: Index, gaps: set[str]) -> None:
        self._index = index
        self._gaps = gaps
        self._versions = {
            artifact: list(index.records.versions(artifact)) for artifact in ("m", "d")
        }
        self._runs: dict[str, list[Run]] = {name: [] for name in SUBSCRIPTIONS}
        for run in index.records.runs(100_000):
            assert run.trigger is not None
            self._runs[run.trigger.subscription].append(run)

    def check(self) -> Counter[str]:
        """All subscriptions; what became of the matches, counted."""
        found: Counter[str] = Counter()
        for name in SUBSCRIPTIONS:
            found += self._check(name)
        return found

    def _check(self, name: str) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        handed = self._handed(name)
        assert set(handed.values()) <= {1}, f"{name}: doubled {handed}"
        for artifact, place in sorted(self._expected(name, handed)):
            match = self._index.subscriptions.match(name, artifact, place)
            assert match is not None, f"{name}: missing {artifact} {place}"
            outcomes[match.outcome] += 1
            self._check_match(name, match, started=handed[artifact, place] == 1)
        assert len(handed) == outcomes[Outcome.STARTED], f"{name}: strange {handed}"
        self._check_outcomes(name, outcomes)
        counts = self._index.subscriptions.read(name).counts
        assert counts.matched == outcomes.total(), name
        assert counts.started == len(self._runs[name]), name
        self._check_groups(name)
        return outcomes

    def _handed(self, name: str) -> Counter[tuple[str, str]]:
        """What the runs were given, in the form of `_expected`."""
        return Counter(
            (item.artifact, f"@{item.event}" if item.kind == "alias" else item.version)
            for run in self._runs[name]
            for item in (run.trigger.events if run.trigger else ())
        )

    def _expected(self, name: str, handed: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Artifact and version of each match; of a move of an alias `@` and its event."""
        parts = SUBSCRIPTIONS[name].definition.all_of
        conditions = [condition for part in parts for condition in part]
        found = {
            (artifact, version.version)
            for artifact, versions in self._versions.items()
            for version in versions
            if any(
                isinstance(item, VersionCondition) and _applies(item, artifact, version)
                for item in conditions
            )
        }
        if any(isinstance(item, AliasCondition) for item in conditions):
            # What the log has forgotten cannot be asked for, only found with who had it.
            found |= {item for item in handed if item[1].startswith("@")}
            if name not in self._gaps:
                events = self._index.events.read(limit=100_000)
                found |= {
                    ("m", f"@{event.id}") for event in events if isinstance(event, AliasMoved)
                }
        return found

    def _check_match(self, name: str, match: Match, *, started: bool) -> None:
        if match.outcome is not Outcome.STARTED:
            assert not started, name
            return
        assert match.run is not None
        assert match.run in {run.id for run in self._runs[name]}, f"{name}: {match.run}"
        assert started, name

    def _check_outcomes(self, name: str, outcomes: Counter[str]) -> None:
        allowed = {
            "batch": {Outcome.PENDING},
            "both": {Outcome.PENDING, Outcome.SUPERSEDED},
            "skip": {Outcome.SKIPPED},
        }.get(name, set())
        assert set(outcomes) <= {Outcome.STARTED, *allowed}, f"{name}: {outcomes}"
        most_pending = {"batch": 2, "both": 1}.get(name, 0)
        assert outcomes[Outcome.PENDING] <= most_pending, f"{name}: {outcomes}"

    def _check_groups(self, name: str) -> None:
        for run in self._runs[name]:
            assert run.trigger is not None
            events = run.trigger.events
            names = sorted(item.artifact for item in events)
            if name == "both":
                assert names == ["d", "m"]
            elif name == "batch" and run.trigger.backfill is None:
                assert len(events) == 3
            elif name not in {"batch", "newest"}:
                assert len(events) == 1
            if name != "both":
                places = [tuple(map(int, item.event.split("-"))) for item in events]
                assert places == sorted(places)


def _applies(condition: VersionCondition, artifact: str, version: ArtifactVersion) -> bool:
    if condition.artifact != artifact or (condition.tag and condition.tag not in version.tags):
        return False
    mse = version.metadata.get("MSE")
    return not condition.where or (isinstance(mse, float) and mse < 0.5)
