"""C4: connections between workers and server are reset, fall silent, and lose replies."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.chaos.checker import check, drained
from tests.chaos.clients import producing
from tests.chaos.faults.proxy import Proxy
from tests.chaos.history import History
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.verdict import Verdict
from tests.support.workers import Fleet

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

#: Seconds for which connections are half-open: longer than a lease.
SILENCE = 2 * LEASE
#: Requests whose replies are swallowed; the last is any.
EATEN = (b"rc1_claim", b"rc1_complete", b"")


@pytest.fixture
def proxy(valkey_url: str) -> Generator[Proxy]:
    """Between the workers and the server; producers go straight."""
    proxy = Proxy(valkey_url.removeprefix("unix://").partition("?")[0])
    yield proxy
    proxy.close()


def test_cut_connections_lose_and_double_nothing(
    fleet: Fleet, proxy: Proxy, schedule: Schedule, tmp_path: Path
) -> None:
    """As C1, though resets, swallowed replies and silence come in turn."""
    history, log, begun = History(), str(tmp_path / "attempts"), time.monotonic()
    for _ in range(2):
        fleet.start(imports=("tests.chaos.load",), environment={"RAINCHECK_URL": proxy.url})

    def fault() -> None:
        if schedule.random.random() < 0.3:
            proxy.eat_replies(3, schedule.random.choice(EATEN))
        else:
            proxy.reset_all()

    with producing(history, log, seed=schedule.seed) as producers:
        schedule.run(fault, every=(0.2, 0.6))
        proxy.fall_silent()
        time.sleep(SILENCE)  # the fault
        proxy.resume()
    verdict = Verdict(
        scenario="C4", seed=schedule.seed, faults=schedule.faults + 1, operations=0, lease=LEASE
    )
    if drained(fleet.deployment, 60.0):
        for producer in producers:
            producer.succeed_again()
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    if verdict.lost:
        history.dump(tmp_path / "history.jsonl")
    verdict.assert_safe(faults=int(schedule.seconds), operations=int(schedule.seconds))
    assert proxy.cut > schedule.faults
    assert proxy.eaten
    assert verdict.amplification <= 1.2


def _burned(fleet: Fleet, proxy: Proxy, folder: Path, app: str, environment: dict[str, str]) -> int:
    """How many attempts the eaten replies of claims have cost, when nothing else is wrong."""
    history, schedule = History(), Schedule(1, 6.0)
    there = {"RAINCHECK_URL": proxy.url, **environment}
    fleet.start(app=app, imports=("tests.chaos.load",), environment=there)
    with producing(history, str(folder / "attempts"), seed=1):
        schedule.run(lambda: proxy.eat_replies(1, b"rc1_claim"), every=(0.3, 0.6))
    assert drained(fleet.deployment, 60.0)
    assert proxy.eaten > 5
    runs = [fleet.deployment.index.records.run(item.name) for item in history.of("run")]
    return sum(step.attempt - 1 for run in runs for step in run.steps)


def test_an_eaten_reply_costs_no_attempt(fleet: Fleet, proxy: Proxy, tmp_path: Path) -> None:
    """The same delivery that asks again is given what it was given."""
    assert _burned(fleet, proxy, tmp_path, "raincheck_workers", {}) == 0


def test_without_the_nonce_an_eaten_reply_costs_an_attempt(
    fleet: Fleet, proxy: Proxy, tmp_path: Path
) -> None:
    """A claim that is asked again is refused, and its step held by nobody: it is noticed."""
    mutant = {"CHAOS_MUTANT": "nonce guard off"}
    assert _burned(fleet, proxy, tmp_path, "tests.chaos.mutants", mutant) > 0
