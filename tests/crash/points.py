"""The places at which a process may die: before and after each call that leaves it.

Every call of the index, every message, and every opening, syncing and renaming of a file
is numbered as it comes. What lies between two of them changes nothing outside the process.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from raincheck.index import Connection
from raincheck.messaging.hints import HintSender

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Points:
    """Counts the points that a process passes, and ends it at one of them.

    Args:
        deadly: the number of that point; 0 for none.
        report: file to which the names of the points are written when none was deadly.
    """

    def __init__(self, deadly: int, report: Path) -> None:
        self._deadly = deadly
        self._report = report
        self._names: list[str] = []

    def install(self) -> None:
        """Number the calls of this process from now on, for as long as it lives."""
        self._watch(Connection, "_fcall", _function)
        self._watch(Connection, "ask", lambda _: "read")
        self._watch(HintSender, "send", lambda _: "send")
        self._watch(Path, "replace", lambda _: "rename")
        self._watch(os, "fsync", lambda _: "fsync")
        self._watch(os, "open", _opening)

    def _watch(self, owner: Any, name: str, describe: Callable[[tuple[Any, ...]], str]) -> None:
        original = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            point = describe(arguments)
            if not point:
                return original(*arguments, **options)
            self._pass(f"before {point}")
            reply = original(*arguments, **options)
            self._pass(f"after {point}")
            return reply

        setattr(owner, name, watched)

    def _pass(self, name: str) -> None:
        self._names.append(name)
        if len(self._names) == self._deadly:
            _die()

    def survived(self) -> None:
        """The process came to its end: say what it passed."""
        self._report.write_text("\n".join(self._names))


def _function(arguments: tuple[Any, ...]) -> str:
    """The function of the library that is called."""
    return str(arguments[2])


def _opening(arguments: tuple[Any, ...]) -> str:
    """Files that are only read change nothing."""
    return "open" if arguments[1] & _WRITES else ""


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")
