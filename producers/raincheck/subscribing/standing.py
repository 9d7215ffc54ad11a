"""How a subscription stands: what it has met, what it waits for, why it starts nothing."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from raincheck.index import Index
from raincheck.index.match_records import Lane
from raincheck.near_names import did_you_mean, near_names
from raincheck.subscribing.explaining import Candidate, Part, explain, explain_part
from raincheck.subscribing.outcomes import outcome_reason, triggering_artifacts
from raincheck.subscribing.waits import Wait, waits
from raincheck.subscribing.words import event_words
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.subscriptions import Match, Outcome, Subscription, VersionCondition


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription, and why it is where it is."""

    subscription: Subscription
    lane: Lane
    tree: Part
    """Its condition, with the events that have satisfied its parts since the last run."""
    waits: tuple[Wait, ...]
    newest: tuple[str, ...]
    """Of each artifact that it is about: what became of the newest version."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "subscription": self.subscription.model_dump(mode="json"),
            "condition": self.tree.document(),
            "pending": [asdict(match) for match in self.lane.pending],
            "waits": [wait.document() for wait in self.waits],
            "newest": list(self.newest),
            "runs": list(self.lane.live),
        }


def standing(index: Index, name: str) -> Standing:
    """How a subscription stands.

    Raises:
        SubscriptionNotFoundError: there is none of that name.
    """
    subscription = index.subscriptions.read(name)
    lane = index.matches.lane(name)
    return Standing(
        subscription,
        lane,
        _tree(subscription, lane),
        tuple(waits(index, subscription, lane)),
        tuple(
            _newest(index, subscription, artifact)
            for artifact in triggering_artifacts(subscription)
        ),
    )


def candidate_now(index: Index, version: ArtifactVersion) -> Candidate:
    """A version as it is now, whatever its next event may be."""
    aliases = index.records.aliases(version.artifact)
    named = tuple(alias for alias, names in aliases.items() if names == version.version)
    before = index.records.version_before(version)
    return Candidate(version=version, before=before, aliases=named)


def _tree(subscription: Subscription, lane: Lane) -> Part:
    parts = subscription.definition.all_of
    if len(parts) == 1:
        return explain(subscription.definition)
    return Part("all of", parts=tuple(_met(lane, slot, part) for slot, part in enumerate(parts, 1)))


def _met(lane: Lane, slot: int, part: Any) -> Part:
    explained, match = explain_part(part, None), lane.joined.get(slot)
    if match is None:
        return replace(explained, holds=False, value="nothing since the last run")
    words = event_words(match.kind, match.artifact, match.version)
    return replace(explained, holds=True, value=f"{words}, event {match.event}")


def _newest(index: Index, subscription: Subscription, artifact: str) -> str:
    """What became of the newest version of an artifact, in one line."""
    version = next(index.records.versions(artifact, 1), None)
    if version is None:
        near = near_names(artifact, index.records.artifact_names())
        return f"{artifact}: there are no versions yet{did_you_mean(near)}"
    name = f"{artifact}@{version.version}"
    match = index.subscriptions.match(subscription.definition.name, artifact, version.version)
    if match is not None:
        return f"{name}: {_became(subscription, match)}"
    failing = list(_failing(index, subscription, version))
    if failing:
        return f"{name}: {'; '.join(failing)}"
    if version.published_at <= subscription.created_at:
        return f"{name}: all holds, but it is older than the subscription; its next event counts"
    return f"{name}: all holds, and its next event counts"


def _became(subscription: Subscription, match: Match) -> str:
    if match.outcome is Outcome.STARTED:
        return f"it started run {match.run}"
    if match.outcome is Outcome.PENDING:
        return "it matched and is pending"
    return f"it matched and is {match.outcome}: {outcome_reason(subscription, match.outcome).text}"


def _failing(index: Index, subscription: Subscription, version: ArtifactVersion) -> Iterator[str]:
    """What keeps a version from satisfying the conditions about it; nothing when one holds."""
    candidate = candidate_now(index, version)
    said: list[str] = []
    for part in subscription.definition.all_of:
        for condition in part:
            if condition.artifact != version.artifact:
                continue
            explained = explain_part((condition,), candidate)
            if explained.holds and isinstance(condition, VersionCondition):
                return
            if explained.holds:
                said.append(f"{explained.words}: it is there already, the next move counts")
            said += [f"{item.words} is not so: {item.value}" for item in explained.failing()]
    yield from said
