"""What became of an event: for each subscription that it concerns, what it started or why not."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from raincheck.index import Index
from raincheck.index.match_records import Lane
from raincheck.subscribing.explaining import Candidate, Part, explain, matching
from raincheck.subscribing.waits import Wait, stopped, waits
from raincheck_contracts.errors import RunNotFoundError
from raincheck_contracts.events import (
    AliasMoved,
    ArtifactVersionPublished,
    Event,
    MetadataLogged,
    TagAdded,
)
from raincheck_contracts.runs import Run
from raincheck_contracts.subscriptions import Match, Outcome, Subscription

#: The events that are about a version.
VersionEvent = ArtifactVersionPublished | AliasMoved | MetadataLogged | TagAdded


class Became(StrEnum):
    """What became of an event in a subscription."""

    STARTED = "started"
    PENDING = "pending"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    OWN = "own"
    DEEP = "deep"
    QUIET = "quiet"
    DELETED = "deleted"
    NOT_MATCHED = "not matched"
    NOT_LOOKED_AT = "not looked at yet"
    OLDER = "older than the subscription"
    REQUIRED = "required, which starts nothing"


_DELETED = "the version was deleted since: what it was like is not known any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One subscription that an event or a version concerns."""

    subscription: Subscription
    tree: Part
    """Of its condition, as the version is now."""
    became: Became
    run: str | None = None
    """That was started."""
    reasons: tuple[Wait, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "subscription": self.subscription.definition.name,
            "state": self.subscription.state,
            "became": self.became,
            "run": self.run,
            "reasons": [reason.document() for reason in self.reasons],
            "condition": self.tree.document(),
        }


def concerns(index: Index, event: VersionEvent) -> list[Concern]:
    """The subscriptions that are about the artifact of an event, or require it."""
    candidate, name = candidate_of(index, event), event.data.artifact
    if candidate is None and not index.deletions.tombstones([f"{name}@{event.data.version}"]):
        return []
    return [
        _concern(index, subscription, event, candidate)
        for subscription in index.subscriptions.all()
        if name in subscription.definition.artifacts
    ]


def triggering_artifacts(subscription: Subscription) -> tuple[str, ...]:
    """The artifacts that its conditions are about."""
    parts = subscription.definition.all_of
    return tuple(dict.fromkeys(condition.artifact for part in parts for condition in part))


def candidate_of(index: Index, event: VersionEvent) -> Candidate | None:
    """The version that an event is about, as it is now; None when it was deleted."""
    version = index.records.version(event.data.artifact, event.data.version)
    if version is None:
        return None
    before = index.records.version_before(version)
    if isinstance(event, AliasMoved):
        return Candidate(version=version, before=before, aliases=(event.data.alias,), event="alias")
    return Candidate(version=version, before=before, event="version")


def _concern(
    index: Index, subscription: Subscription, event: VersionEvent, candidate: Candidate | None
) -> Concern:
    name = subscription.definition.name
    if event.data.artifact not in triggering_artifacts(subscription):
        tree = explain(subscription.definition)
        return Concern(subscription=subscription, tree=tree, became=Became.REQUIRED)
    lane = index.matches.lane(name)
    place = f"@{event.id}" if isinstance(event, AliasMoved) else event.data.version
    match = index.subscriptions.match(name, event.data.artifact, place)
    if match is None:
        became, reasons = _unmatched(subscription, lane, event, candidate)
    else:
        became, reasons = Became(match.outcome), _matched(index, subscription, lane, match, event)
    return Concern(
        subscription=subscription,
        tree=explain(subscription.definition, candidate),
        became=became,
        run=match.run if match else None,
        reasons=tuple(reasons),
    )


def _matched(
    index: Index, subscription: Subscription, lane: Lane, match: Match, event: VersionEvent
) -> list[Wait]:
    if match.outcome is Outcome.PENDING:
        held = [*lane.pending, *lane.joined.values()]
        own = [
            (item.event, item.artifact, item.version)
            for item in held
            if not isinstance(event, AliasMoved) or item.event == event.id
        ]
        return [*_other_event(event, own), *waits(index, subscription, lane)]
    if match.outcome is Outcome.STARTED and match.run is not None:
        run = kept_run(index, match.run)
        if run is None:
            return [Wait("the run is no longer kept")]
        listed = run.trigger.events if run.trigger else ()
        own = [(item.event, item.artifact, item.version) for item in listed]
        return [*_other_event(event, own), Wait(f"the run is {run.status}")]
    return [outcome_reason(subscription, match.outcome, event.data.depth)]


def _other_event(event: VersionEvent, matched: Iterable[tuple[str, str, str]]) -> list[Wait]:
    """A version matches once: which of its events it was, when it was not this one."""
    subject = (event.data.artifact, event.data.version)
    others = [found for found, *of in matched if tuple(of) == subject]
    if not others or event.id in others:
        return []
    return [Wait(f"the version matched at its event {others[0]}, and a version matches once")]


def outcome_reason(subscription: Subscription, outcome: Outcome, depth: int | None = None) -> Wait:
    """Why a match started no run."""
    definition = subscription.definition
    match outcome:
        case Outcome.SUPERSEDED:
            text = "a later match of the same part came before the others had one"
        case Outcome.SKIPPED:
            text = f"{definition.limit} runs were live, and when_full is skip"
        case Outcome.OWN:
            text = f"a run of {definition.pipeline} itself caused it; feedback=True would let it"
        case Outcome.DEEP:
            at = "" if depth is None else f"the run would be at depth {depth + 1}; "
            text = f"{at}max_depth is {definition.max_depth}"
        case Outcome.QUIET:
            text = "a backfill that does not cascade caused it"
        case Outcome.DELETED:
            text = "the version was deleted before a run had started for it"
        case _:
            text = f"it is {outcome}"
    return Wait(text)


def _unmatched(
    subscription: Subscription, lane: Lane, event: VersionEvent, candidate: Candidate | None
) -> tuple[Became, list[Wait]]:
    moment = round(event.time.timestamp() * 1000)
    if moment < subscription.created_at:
        return Became.OLDER, []
    if (subscription.behind or lane.marked) and after(event.id, subscription.cursor):
        held = stopped(subscription)
        return Became.NOT_LOOKED_AT, [held or Wait("it has events before this one to look at")]
    if candidate is None or matching(subscription.definition, candidate) is None:
        return Became.NOT_MATCHED, [] if candidate else [Wait(_DELETED)]
    if subscription.version > 1 and moment <= subscription.updated_at:
        why = f"deployment {subscription.version} was made after it, with another condition"
        return Became.NOT_MATCHED, [Wait(why)]
    if moment == subscription.created_at:
        return Became.OLDER, []
    why = "all of it holds now, and did not when this event was looked at"
    return Became.NOT_MATCHED, [Wait(why)]


def kept_run(index: Index, run: str) -> Run | None:
    """A run, or None when it is no longer kept."""
    try:
        return index.records.run(run)
    except RunNotFoundError:
        return None


def after(event: str, other: str) -> bool:
    """Whether an event comes after another, by their ids."""
    return _place(event) > _place(other)


def _place(event: str) -> tuple[int, ...]:
    return tuple(int(part) for part in event.split("-"))


def about_a_version(event: Event) -> VersionEvent | None:
    """The event when it is about a version, which alone can start runs."""
    return event if isinstance(event, VersionEvent) else None
