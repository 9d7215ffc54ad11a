"""Waiting for a condition, in place of sleeping."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], timeout: float = 5.0) -> None:
    """Ask again and again until `condition` holds.

    Args:
        condition: what shall become true.
        timeout: seconds until it is given up.

    Raises:
        AssertionError: it did not become true in time.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{condition} did not become true in {timeout:g} s")
        time.sleep(0.005)
