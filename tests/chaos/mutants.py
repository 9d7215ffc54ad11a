"""`celery -A tests.chaos.mutants worker` is a worker without one of its defences.

The variable `CHAOS_MUTANT` says which. What a mutant changes is changed in its own process,
or in the library that it brings to the server.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from celery import Celery

from raincheck.blobs.aligned import AlignedFile
from raincheck.index import library
from raincheck_workers import application, contract_check
from raincheck_workers.application import create_app
from raincheck_workers.execution.patience import Patience
from raincheck_workers.liveness import sweeper
from raincheck_workers.liveness.heartbeat import Heartbeat
from raincheck_workers.liveness.sweeper import SWEEP_PERIOD, Sweeper

T = TypeVar("T")

#: Mutant -> the line of the Lua library that it changes, and what into.
_LINES = {
    "fence off": ('"fence") == fence\nend', '"fence") ~= nil\nend'),
    "outbox off": ('Batch.write("ZADD", call:key("hints:", queue), rows)', "local _ = rows"),
    "lost limit off": ("LOST_LIMIT, SILENT_LIMIT = 3,", "LOST_LIMIT, SILENT_LIMIT = 1000,"),
    "back-off off": ("tick + pause * TICKS_PER_SECOND", "tick"),
    "bindings not kept": ("    Bindings.keep(call, c.run, c.step, found)\n", ""),
    "ending counts as lost": (
        'args[4] == "lost" and Ends.lost or Ends.give_back',
        "Ends.lost",
    ),
    "lease by the clock": (
        'self.ticks = tonumber(redis.call("HGET", self:key("index"), "tick") or 0)',
        "self.ticks = math.floor(self:now() / 500)",
    ),
    "memory off": (
        "  if Matches.known(call, lane, event) then\n    return\n",
        "  if false then\n    return\n",
    ),
    "nonce guard off": ("  if again then\n    return again", "  if false then\n    return again"),
}


#: The constant of `contract_check` that a worker of an earlier release has lower.
_VERSION = "CONTRACT_VERSION"
#: The function of `application` that gives a worker's settings.
_SETTINGS = "_worker_settings"
#: The function of `sweeper` that looks at what was marked.
_PUMP = "wake"
#: The function of `library` that gives the text; from it follow source and digest.
_TEXT = "_joined"


def _change_library(old: str, new: str) -> None:
    true: str = getattr(library, _TEXT)()
    assert true.count(old) == 1, f"the library has no longer one {old!r}"
    setattr(library, _TEXT, lambda: true.replace(old, new))


def _sweep_nothing(self: Sweeper) -> float:
    del self
    return SWEEP_PERIOD


def _wake_nobody(*_: object, **__: object) -> int:
    return 0


def _do_nothing(self: Heartbeat, *_: object) -> None:
    del self


def _ask_once(self: Patience, call: Callable[[], T]) -> T:
    del self
    return call()


def _believe_disks() -> None:
    true = AlignedFile.flush

    def flush(self: AlignedFile) -> None:
        with suppress(OSError):
            true(self)

    AlignedFile.flush = flush  # type: ignore[method-assign]  # the mutation


def _end_at_refusals() -> None:
    true: Callable[[], dict[str, Any]] = getattr(application, _SETTINGS)
    setattr(application, _SETTINGS, lambda: true() | {"broker_channel_error_retry": False})


#: Mutant -> the owner of the attribute that it changes, its name, and what into.
_ATTRIBUTES: dict[str, tuple[object, str, object]] = {
    "sweeper off": (Sweeper, "sweep", _sweep_nothing),
    "pump off": (sweeper, _PUMP, _wake_nobody),
    "self-fencing off": (Heartbeat, "_silent", _do_nothing),
    "giving back off": (Heartbeat, "_give_back_unheld", _do_nothing),
    "asking again off": (Patience, "until_answered", _ask_once),
    "older contract": (contract_check, _VERSION, 0),
}


def _switch_off(defence: str) -> None:
    match defence:
        case "refusing disks believed":
            _believe_disks()
        case "taking again off":
            _end_at_refusals()
        case _ if defence in _ATTRIBUTES:
            setattr(*_ATTRIBUTES[defence])
        case _:
            _change_library(*_LINES[defence])


_switch_off(os.environ["CHAOS_MUTANT"])  # noqa: TID251 - a variable of the test run
app: Celery = create_app()
