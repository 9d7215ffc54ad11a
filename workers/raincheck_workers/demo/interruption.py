"""Ctrl-C, or a closed terminal, as one exception that leaves time to clean up."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

# By name: not every system has SIGHUP.
_SIGNALS = [item for item in signal.Signals if item.name in {"SIGINT", "SIGTERM", "SIGHUP"}]


class Interruption:
    """Whether such a signal has come, whatever became of its exception.

    Attributes:
        came: true from the first signal on.
    """

    def __init__(self) -> None:
        self.came = False

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal: ignore those that follow.

        Raises:
            KeyboardInterrupt: always.
        """
        self.came = True
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    @contextmanager
    def undisguised(self) -> Generator[None]:
        """Let a KeyboardInterrupt out as one.

        It is raised in whatever code runs at that moment: pydantic makes of one in a serializer
        a PydanticSerializationError, and one in a finalizer is only printed.

        Raises:
            KeyboardInterrupt: a signal has come.
        """
        try:
            yield
        except Exception as error:
            if self.came:
                raise KeyboardInterrupt from error
            raise
        if self.came:
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Generator[Interruption]:
    """Raise KeyboardInterrupt at the first such signal and ignore those that follow.

    What was started is then ended by its own `finally`, undisturbed by impatience.
    """
    interruption = Interruption()
    before = {number: signal.signal(number, interruption.interrupt) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)
