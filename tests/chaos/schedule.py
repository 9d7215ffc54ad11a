"""When faults happen."""

import random
import time
from collections.abc import Callable

#: Seconds of silence after which a worker is taken for dead, in all scenarios.
LEASE = 3.0


class Schedule:
    """Faults every so often, for so long; the same seed makes the same choices.

    Args:
        seed: of pauses and of whatever `random` is used for.
        seconds: for which faults are made.
    """

    def __init__(self, seed: int, seconds: float) -> None:
        self.seed = seed
        self.seconds = seconds
        self.random = random.Random(seed)  # noqa: S311 - to be repeated by its seed
        self.faults = 0

    def run(
        self, fault: Callable[[], object], *, every: tuple[float, float], at_least: int = 1
    ) -> None:
        """Make a fault, pause between the two figures of `every`, and so on until the end.

        Args:
            fault: makes one fault; counted when it returns.
            every: the shortest and the longest pause in seconds.
            at_least: so many faults, even past the end: a fault may itself take seconds, on a
                slow machine more of them, and a run in which nothing happened proves nothing.
        """
        end = time.monotonic() + self.seconds
        while True:
            pause = self.random.uniform(*every)
            if self.faults >= at_least and time.monotonic() + pause > end:
                return
            time.sleep(pause)  # the schedule itself: faults come by the clock
            fault()
            self.faults += 1
