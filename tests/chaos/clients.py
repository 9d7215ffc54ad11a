"""Producers: threads that enqueue at a rate and write down what they were told."""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from typing_extensions import override

from raincheck_contracts.errors import RaincheckError
from tests.chaos.history import History
from tests.chaos.load import diamond

#: Of all runs, how many begin with a slow step, and for how long.
SLOW_SHARE, SLOW_SECONDS = 0.05, 2.0


class Producer(threading.Thread):
    """Enqueues until stopped, in the deployment in use.

    Args:
        name: of the client.
        history: takes what it was told.
        log: file in which steps note their attempts.
        rate: runs a second.
        seed: of its choices.
    """

    def __init__(self, name: str, history: History, log: str, *, rate: float, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self._history = history
        self._log = log
        self._pause = 1 / rate
        self._random = random.Random(f"{seed} {name}")  # noqa: S311 - to be repeated by its seed
        self._ended = threading.Event()
        self._number = 0

    @override
    def run(self) -> None:
        while not self._ended.wait(self._pause):
            self.enqueue()

    def enqueue(self) -> None:
        """One operation."""
        self._number += 1
        slow = self._random.random() < SLOW_SHARE
        try:
            handle = diamond.delay(self._log, self._number, SLOW_SECONDS if slow else 0.0)
        except RaincheckError as error:
            self._history.add(self.name, "refused", str(error), self._number)
        else:
            self._history.add(self.name, "run", handle.id, self._number)

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join(timeout=30)

    def succeed_again(self, times: int = 5, seconds: float = 10.0) -> None:
        """The client's next operations succeed, each within `seconds`."""
        for number in range(times):
            begun = time.monotonic()
            handle = diamond.delay(self._log, number, 0.0)
            assert handle.get(timeout=seconds) == number
            self._history.add(self.name, "run", handle.id, number)
            assert time.monotonic() - begun < seconds


@contextmanager
def producing(
    history: History, log: str, *, seed: int, count: int = 3, rate: float = 2.0
) -> Generator[list[Producer]]:
    """Some producers that enqueue in this context; afterwards they can be used by hand."""
    producers = [Producer(f"client{i}", history, log, rate=rate, seed=seed) for i in range(count)]
    for producer in producers:
        producer.start()
    try:
        yield producers
    finally:
        for producer in producers:
            producer.stop()
