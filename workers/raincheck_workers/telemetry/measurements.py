"""What is measured of a worker's steps. Nothing is kept unless metrics are on."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Measurements:
    """Takes the figures; this one drops them."""

    def bound(self, seconds: float) -> None:
        """A claim was answered."""

    def materialized(self, materializer: str, seconds: float, size: int) -> None:
        """A version became a value.

        Args:
            materializer: its name.
            seconds: that it took.
            size: bytes of the version.
        """

    def published(self, size: int) -> None:
        """A step published versions of so many bytes."""

    def attempted(self, pipeline: str, step: str, seconds: float) -> None:
        """An attempt ended, well or not."""

    def delivered(self, pipeline: str, step: str, result: str) -> None:
        """A delivery ended."""


_current = [Measurements()]


def measurements() -> Measurements:
    """Those of this process."""
    return _current[-1]


def use_measurements(taken: Measurements) -> None:
    """Have this process and its children give their figures to `taken`."""
    _current[:] = [taken]


@contextmanager
def timed(take: Callable[[float], None]) -> Generator[None]:
    """Give `take` the seconds that this context lasts, also when an error leaves it."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        take(time.perf_counter() - begun)
