"""Compares the events that subscriptions match with what the index says became of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from raincheck import Deployment
from raincheck.index.connection import text
from raincheck_contracts.events import ArtifactVersionPublished
from raincheck_contracts.runs import Run
from raincheck_contracts.subscriptions import Subscription
from tests.chaos.history import History
from tests.chaos.subscribed import BY_HAND, BY_RUNS, SUBSCRIPTIONS, Subscribed
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Ledger:
    """The publications that all subscriptions match."""

    places: dict[str, int]
    """`artifact@version` -> its place in the order of the index."""
    numbers: dict[str, int]
    """`artifact@version` -> the number that was published."""


def settled(deployment: Deployment, seconds: float) -> bool:
    """Wait until every run has ended and nothing is marked or gathers; whether it came true."""
    try:
        wait_until(lambda: _is_settled(deployment), seconds)
    except AssertionError:
        return False
    return True


def _is_settled(deployment: Deployment) -> bool:
    index = deployment.index
    if index.records.run_ids(1, live_only=True):
        return False
    prefix = index.connection.prefix
    marks = index.connection.ask([("ZCARD", f"{prefix}dirty"), ("ZCARD", f"{prefix}behind")])
    may_wait = {item.name: item.waiting for item in SUBSCRIPTIONS}
    return not any(marks) and all(
        not item.behind and not item.live and item.pending <= may_wait[item.definition.name]
        for item in index.subscriptions.all()
    )


def read_ledger(deployment: Deployment, history: History) -> Ledger:
    """Publications from the event log, and their numbers from what clients were told."""
    told = {item.name: item.number for item in history.of("publication")}
    runs = {item.name: item.number for item in history.of("run")}
    places: dict[str, int] = {}
    numbers: dict[str, int] = {}
    after: str | None = None
    while page := deployment.index.events.read(after=after):
        after = page[-1].id
        for event in page:
            if not isinstance(event, ArtifactVersionPublished):
                continue
            if event.data.artifact not in {BY_HAND, BY_RUNS}:
                continue
            name = f"{event.data.artifact}@{event.data.version}"
            places[name] = len(places)
            numbers[name] = runs[event.data.run] if event.data.run else told[name]
    return Ledger(places, numbers)


def account(deployment: Deployment, history: History, verdict: Verdict) -> None:
    """Every event is accounted for once, in every subscription; its runs join the history.

    The history then says what each of these runs must have returned.
    """
    ledger = read_ledger(deployment, history)
    runs = list(deployment.index.records.runs(1_000_000))
    verdict.others["events"] = len(ledger.places)
    for item in SUBSCRIPTIONS:
        own = [run for run in runs if run.trigger and run.trigger.subscription == item.name]
        _account_one(deployment, item, ledger, own, verdict)
        verdict.others[item.name] = len(own)
        for run in own:
            total = sum(ledger.numbers[name] for name in _handed(run))
            history.add(item.name, "run", run.id, total)


def _handed(run: Run) -> list[str]:
    return [f"{item.artifact}@{item.version}" for item in run.trigger.events] if run.trigger else []


def _account_one(
    deployment: Deployment, item: Subscribed, ledger: Ledger, runs: list[Run], verdict: Verdict
) -> None:
    record = deployment.index.subscriptions.read(item.name)
    outcomes = _outcomes(deployment, item.name)
    owners: dict[str, list[str]] = {}
    for run in runs:
        for name in _handed(run):
            owners.setdefault(name, []).append(run.id)
    for name in ledger.places:
        starting = owners.get(name, [])
        place = f"{item.name}: {name}"
        if len(starting) > 1:
            verdict.duplicated.append(f"{place} started {starting}")
        else:
            started = starting[0] if starting else None
            problem = _unlike(item, record, outcomes.get(name), started)
            verdict.lost += [f"{place} {problem}"] if problem else []
    verdict.strange += [
        f"{item.name}: {name} is none of its events"
        for name in sorted((outcomes.keys() | owners.keys()) - ledger.places.keys())
    ]
    verdict.strange += _miscounted(item.name, record, outcomes.values(), len(runs))
    verdict.strange += _out_of_order(item.name, ledger, runs)


def _unlike(
    item: Subscribed, record: Subscription, outcome: str | None, run: str | None
) -> str | None:
    """Why an outcome is not what must become of an event that is in this run, or in none."""
    if outcome is None:
        return "was not seen"
    if outcome == "":
        return "still waits" if run or record.pending > item.waiting else None
    if outcome.startswith("-"):
        return (
            f"is {outcome[1:]}, and in {run}" if run or outcome[1:] not in item.unstarted else None
        )
    return f"should be in {outcome}, not in {run}" if run != outcome else None


def _outcomes(deployment: Deployment, name: str) -> dict[str, str]:
    """What became of each version that has matched: the id of a run, "" or `-<word>`."""
    connection = deployment.index.connection
    found: dict[str, str] = {}
    for artifact in (BY_HAND, BY_RUNS):
        key = f"{connection.prefix}matched:{name}+1:{artifact}"
        versions, values = connection.ask([("HKEYS", key), ("HVALS", key)])
        for version, value in zip(map(text, versions), map(text, values), strict=True):
            outcome = value
            if value == ".":
                outcome = f"{name}+1+{artifact}@{version}"
            elif value.startswith("+"):
                outcome = f"{name}+1{value}"
            found[f"{artifact}@{version}"] = outcome
    return found


def _miscounted(
    name: str, record: Subscription, outcomes: Iterable[str], runs: int
) -> Iterable[str]:
    """Counters that say something else than outcomes and runs."""
    words = Counter(item[1:] if item.startswith("-") else "" for item in outcomes)
    expected = {"matched": words.total(), "started": runs, "replaced": 0}
    expected |= {word: words[word] for word in ("superseded", "skipped", "own", "deep", "quiet")}
    counts = {word: int(getattr(record.counts, word)) for word in expected}
    return [
        f"{name} counts {counts[word]} {word}, not {count}"
        for word, count in expected.items()
        if counts[word] != count
    ]


def _out_of_order(name: str, ledger: Ledger, runs: list[Run]) -> Iterable[str]:
    """Runs whose events are not all later than those of the run before, or that began earlier."""
    groups = [([ledger.places.get(item, -1) for item in _handed(run)], run) for run in runs]
    groups.sort(key=lambda group: max(group[0]))
    last, since = -1, 0
    for places, run in groups:
        if places != sorted(places) or places[0] <= last or run.submitted_at < since:
            yield f"{name}: {run.id} is out of order"
        if run.trigger and run.trigger.count != len(places):
            yield f"{name}: {run.id} is for {run.trigger.count} events and names {len(places)}"
        last, since = max(places), run.submitted_at
