"""A producer that is killed at one point of `delay()`: `python -m tests.chaos.killed_producer`.

Its arguments are the point, the log of attempts and how many runs it enqueues before that; it
prints the id of each run that it was told is accepted.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from raincheck.index.run_scripts import RunScripts
from raincheck.messaging.hints import HintSender
from tests.chaos.load import diamond

#: Point -> the method at which it lies, and whether it is called before the end.
POINTS = {
    "before submit": (RunScripts, "submit", False),
    "after submit": (RunScripts, "submit", True),
    "before send": (HintSender, "send", False),
    "after send": (HintSender, "send", True),
}


def _die_at(true: Callable[..., Any], *, called: bool) -> Callable[..., Any]:
    def dying(*args: object, **kwargs: object) -> None:
        if called:
            true(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return dying


def main(point: str, log: str, count: int) -> None:
    """Enqueue `count` runs, then one more that is never acknowledged."""
    for number in range(count):
        print(diamond.delay(log, number, 0.0).id, flush=True)
    owner, name, called = POINTS[point]
    setattr(owner, name, _die_at(getattr(owner, name), called=called))
    diamond.delay(log, count, 0.0)


if __name__ == "__main__":
    if "CHAOS_MUTANT" in os.environ:  # noqa: TID251 - a variable of the test run
        importlib.import_module("tests.chaos.mutants")
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
