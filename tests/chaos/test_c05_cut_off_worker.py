"""C5: one worker is cut off for longer than its lease, and nobody tells it so."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from raincheck import RunHandle
from tests.chaos.checker import check, drained
from tests.chaos.faults.proxy import Proxy
from tests.chaos.history import History
from tests.chaos.load import computing, held
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, Worker, lines

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

LOAD = ("tests.chaos.load",)
#: Seconds for which the step computes after the cut when nobody stops it.
BUSY = 4 * LEASE


@pytest.fixture
def proxy(valkey_url: str) -> Generator[Proxy]:
    """Between one worker and the server; everybody else goes straight."""
    proxy = Proxy(valkey_url.removeprefix("unix://").partition("?")[0])
    yield proxy
    proxy.close()


@dataclass
class Round:
    """What became of a step whose worker was cut off."""

    worker: Worker
    """The one that was cut off, and is not any more."""
    node: str
    """Its id before."""
    handle: RunHandle
    stopped: float
    """Seconds from the cut until the cut off attempt computed no more."""
    moved: float
    """Seconds from the cut until another attempt began."""


def _cut_off(
    fleet: Fleet, proxy: Proxy, log: Path, cut: Callable[[], object], mutant: str = ""
) -> Round:
    """Cut off a worker that computes until its attempt and a second one have ended."""
    worker = fleet.start(
        app="tests.chaos.mutants" if mutant else "raincheck_workers",
        imports=LOAD,
        environment={"RAINCHECK_URL": proxy.url, "CHAOS_MUTANT": mutant},
    )
    node = fleet.node_of(worker)
    assert node
    gate = Path(f"{log}-gate")
    handle = computing.delay(str(log), str(gate), BUSY)
    wait_until(lambda: lines(log), 30)
    fleet.start(imports=LOAD)  # on a busy machine it takes as long as the step would have
    gate.touch()
    begun = time.monotonic()
    cut()
    wait_until(lambda: _beats(log, 2), 5 * LEASE)
    wait_until(lambda: handle.status().final, 60)
    proxy.resume()
    return Round(worker, node, handle, _beats(log, 1)[-1] - begun, _beats(log, 2)[0] - begun)


def _beats(log: Path, attempt: int) -> list[float]:
    """When an attempt noted that it runs."""
    split = [line.split() for line in lines(log)]
    return [float(at) for _, _, number, at in split if int(number) == attempt]


@pytest.mark.parametrize("how", ["refuse", "fall_silent"])
def test_a_worker_that_is_cut_off_stops_and_rejoins(
    fleet: Fleet, proxy: Proxy, schedule: Schedule, tmp_path: Path, how: str
) -> None:
    """It computes no longer than its lease, the work moves, and it comes back as a new node."""
    history, begun = History(), time.monotonic()
    verdict = Verdict(scenario=f"C5 {how}", seed=schedule.seed, faults=0, operations=0, lease=LEASE)
    while not verdict.faults or time.monotonic() < begun + schedule.seconds - BUSY:
        log = tmp_path / str(verdict.faults)
        found = _cut_off(fleet, proxy, log, getattr(proxy, how))
        history.add("client", "run", found.handle.id, 2)
        verdict.faults += 1
        verdict.replaced.append(found.moved)
        stopped = max(verdict.others.get("stopped after", 0.0), found.stopped)
        verdict.others["stopped after"] = stopped
        _rejoins(fleet, found, history, tmp_path / "gate")
    check(history, fleet.deployment, verdict)
    verdict.seconds = time.monotonic() - begun
    verdict.assert_safe(faults=1, operations=2)
    assert verdict.others["stopped after"] <= LEASE + 1.0
    assert verdict.quantile(1.0) <= 2 * LEASE


def _rejoins(fleet: Fleet, found: Round, history: History, gates: Path) -> None:
    """It is a new node, and runs steps again when it is the only worker."""
    wait_until(lambda: fleet.node_of(found.worker) not in {None, found.node}, 30)
    fleet.workers.pop().kill()
    Path(f"{gates}1").touch()
    handle = held.delay(str(gates), str(gates))
    assert handle.get(timeout=30) == 1
    history.add("client", "run", handle.id, 1)
    assert drained(fleet.deployment, 10.0)
    fleet.workers.pop().kill()


def test_without_self_fencing_it_computes_on(fleet: Fleet, proxy: Proxy, tmp_path: Path) -> None:
    """Two processes compute one step at the same time: the scenario notices."""
    found = _cut_off(fleet, proxy, tmp_path / "log", proxy.refuse, "self-fencing off")
    assert found.stopped > LEASE + 1.0
