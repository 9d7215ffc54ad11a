"""A server of a scenario's own with workers and clients, and the verdict in the end."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from raincheck import save_artifact, use_deployment
from raincheck_contracts.errors import RaincheckError
from tests.chaos.checker import check, drained
from tests.chaos.clients import Producer, producing
from tests.chaos.faults.server import ChaosServer
from tests.chaos.history import History
from tests.chaos.schedule import LEASE, Schedule
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, running_fleet

ARTIFACT = "chaos-published"


@dataclass
class Stage:
    """Where a scenario about the server is played."""

    server: ChaosServer
    fleet: Fleet
    schedule: Schedule
    folder: Path
    history: History = field(default_factory=History)
    producers: list[Producer] = field(default_factory=list[Producer])
    begun: float = field(default_factory=time.monotonic)

    def start_workers(
        self, count: int = 2, app: str = "raincheck_workers", **variables: str
    ) -> None:
        """Start workers and wait for them; `variables` are more of their environment."""
        for _ in range(count):
            self.fleet.start(imports=("tests.chaos.load",), app=app, environment=variables)

    @contextmanager
    def load(self) -> Generator[None]:
        """Producers enqueue and a publisher publishes in this context."""
        ended = threading.Event()
        publisher = threading.Thread(target=self._publish, args=(ended,))
        publisher.start()
        log = str(self.folder / "attempts")
        try:
            with producing(self.history, log, seed=self.schedule.seed) as self.producers:
                yield
        finally:
            ended.set()
            publisher.join()

    def _publish(self, ended: threading.Event) -> None:
        number = 0
        while not ended.wait(0.1):
            number += 1
            try:
                made = save_artifact(number, ARTIFACT)
            except RaincheckError as error:
                self.history.add("publisher", "refused", str(error), number)
            else:
                name = f"{ARTIFACT}@{made.version}"
                self.history.add("publisher", "publication", name, number)

    def verdict(self, scenario: str, *, patience: float = 60.0, again: bool = True) -> Verdict:
        """What is left when the faults are over."""
        verdict = Verdict(
            scenario=scenario,
            seed=self.schedule.seed,
            faults=self.schedule.faults,
            operations=0,
            lease=LEASE,
        )
        if drained(self.fleet.deployment, patience) and again:
            for producer in self.producers:
                producer.succeed_again()
        check(self.history, self.fleet.deployment, verdict)
        verdict.others["refused"] = len(self.history.of("refused"))
        verdict.seconds = time.monotonic() - self.begun
        if verdict.lost:
            self.history.dump(self.folder / "history.jsonl")
        return verdict

    def back_after(self, since: float) -> float:
        """Seconds from a moment until a client's next publication was acknowledged."""

        def answered() -> list[float]:
            done = self.history.of("publication")
            return [item.at - since for item in done if item.at > since]

        wait_until(lambda: bool(answered()), 30)
        return min(answered())

    def assert_workers_live(self) -> None:
        """No main process of a worker has ended."""
        for worker in self.fleet.workers:
            assert worker.process.poll() is None, worker.log


@contextmanager
def staged(
    server: ChaosServer, schedule: Schedule, folder: Path, **settings: str
) -> Generator[Stage]:
    """A stage on a server that runs already; workers are the scenario's to start."""
    with (
        running_fleet(server.url, lease=LEASE, **settings) as fleet,
        use_deployment(fleet.deployment),
    ):
        yield Stage(server, fleet, schedule, folder)
