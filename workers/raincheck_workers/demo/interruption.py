"""Ctrl-C, or a closed terminal, as one exception that leaves time to clean up."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

# By name: not every system has SIGHUP.
_SIGNALS = [item for item in signal.Signals if item.name in {"SIGINT", "SIGTERM", "SIGHUP"}]


@contextmanager
def interruptible() -> Generator[None]:
    """Raise KeyboardInterrupt at the first such signal and ignore those that follow.

    What was started is then ended by its own `finally`, undisturbed by impatience.
    """
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
