"""Runs for versions that were there already: first counted, then started."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from raincheck.deployment import Deployment
from raincheck.index.backfill_scripts import BackfillOptions, Candidate, Since
from raincheck.messaging.waking import wake
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.subscriptions import Backfill, SubscriptionDefinition


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What a backfill would do."""

    versions: int
    """Versions that match."""
    passed: int
    """Those of them that have had their run, and are passed by."""
    runs: int
    """Runs that would be started."""
    first: str | None
    """`artifact@version` of the first and the last of those that are taken."""
    last: str | None

    def as_dict(self) -> dict[str, int | str | None]:
        """By the names of its fields."""
        return asdict(self)


def since_of(since: int | datetime) -> Since:
    """Where a backfill begins.

    Args:
        since: a revision, or a moment; aware, or local time.

    Raises:
        ArgumentError: it is neither.
    """
    if isinstance(since, datetime):
        return Since("at", round(since.timestamp() * 1000))
    if since < 0:
        raise ArgumentError("backfill", f"{since} is no revision", "Give 0 for all versions")
    return Since("rev", since)


def plan_backfill(
    deployment: Deployment, name: str, since: Since, *, again: bool = False
) -> BackfillPlan:
    """Count what a backfill would start; changes nothing.

    Raises:
        SubscriptionNotFoundError: there is none of that name.
        BackfillRefusedError: it is for moves of an alias only.
    """
    definition = deployment.index.subscriptions.read(name).definition
    found = list(deployment.index.backfills.preview(name, since, again=again))
    taken = [candidate for candidate in found if not candidate.had_run]
    names = [f"{candidate.artifact}@{candidate.version}" for candidate in taken]
    return BackfillPlan(
        versions=len(found),
        passed=len(found) - len(taken),
        runs=_runs(definition, taken),
        first=names[0] if names else None,
        last=names[-1] if names else None,
    )


def start_backfill(
    deployment: Deployment, name: str, since: Since, options: BackfillOptions
) -> Backfill:
    """Begin a backfill; the workers do it, a few runs at a time.

    Raises:
        SubscriptionNotFoundError: there is none of that name.
        BackfillRefusedError: it is for moves of an alias only.
        ArgumentError: an option cannot be used.
    """
    if options.limit < 1:
        raise ArgumentError("backfill", f"limit={options.limit}", "Give 1 or more runs at once")
    backfills = deployment.index.backfills
    begun = backfills.start(name, backfills.count(name) + 1, since, options)
    wake(deployment.index, deployment.hints)
    return begun


def _runs(definition: SubscriptionDefinition, taken: Iterable[Candidate]) -> int:
    slots = [candidate.slot for candidate in taken]
    if len(definition.all_of) > 1:
        return _joined(slots, len(definition.all_of))
    match definition.group.by:
        case "each":
            return len(slots)
        case "batch":
            return -(-len(slots) // definition.group.max)
        case "newest":
            return min(1, len(slots))


def _joined(slots: Iterable[int], parts: int) -> int:
    runs, have = 0, set[int]()
    for slot in slots:
        have.add(slot)
        if len(have) == parts:
            runs, have = runs + 1, set()
    return runs
