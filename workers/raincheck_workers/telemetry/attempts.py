"""Who is told of the attempts of steps. Nobody is, unless settings say so."""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from raincheck.index.entries import NewVersion
from raincheck.settings import Settings
from raincheck_contracts.errors import SettingsError
from raincheck_contracts.messages import StepTask
from raincheck_contracts.runs import ErrorInfo

if TYPE_CHECKING:
    from raincheck_workers.execution.inputs import BoundInputs

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """Which attempt it is."""

    task: StepTask
    attempt: int
    revision: int | None
    """Of the index, at which its references were bound; None where that is not known."""


class AttemptReport:
    """Takes the end of one attempt; this one drops it."""

    def succeeded(self, outputs: Sequence[NewVersion], names: Mapping[str, str]) -> None:
        """It has published.

        Args:
            outputs: what was published.
            names: by output, `artifact@version`.
        """

    def failed(self, error: ErrorInfo) -> None:
        """It has failed, for good or to be tried again."""

    def aborted(self, why: str) -> None:
        """It was cancelled, or lost its step to another attempt."""


class AttemptListener:
    """Is told that attempts start. It returns at once and raises nothing; this one drops all."""

    def started(self, facts: AttemptFacts, inputs: "BoundInputs | None") -> AttemptReport:
        """An attempt has its inputs and will be called now.

        Args:
            facts: which it is.
            inputs: what its references are bound to; None when that failed.
        """
        del facts, inputs
        return AttemptReport()


_current = [AttemptListener()]


def use_listener(told: AttemptListener) -> None:
    """Have this process tell `told` of its attempts."""
    _current[:] = [told]


class Telling:
    """Tells of one attempt: that it starts, and once how it ended. No error of it ends a step."""

    def __init__(self, facts: AttemptFacts) -> None:
        self._facts = facts
        self._report: AttemptReport | None = None
        self._ended = False

    def start(self, inputs: "BoundInputs | None") -> None:
        """It has its inputs, or will not get them."""
        with _harmless():
            self._report = _current[-1].started(self._facts, inputs)

    def end(self, tell: Callable[[AttemptReport], None]) -> None:
        """It has ended; what never started is said to have started before."""
        if self._ended:
            return
        self._ended = True
        if self._report is None:
            self.start(None)
        with _harmless():
            tell(self._report or AttemptReport())


@contextmanager
def _harmless() -> Generator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001 - a view for others must not end work
        _log.warning("attempt not told", exc_info=True, extra={"action": "attempt_not_told"})


def listen(settings: Settings) -> None:
    """Have this process tell whom some settings name; a pool's child does so after its fork.

    A client that cannot be set up is logged: steps run, and nobody is told.

    Raises:
        SettingsError: OpenLineage is wanted and not installed.
    """
    if not settings.openlineage:
        use_listener(AttemptListener())
        return
    prepare_openlineage(settings)
    from raincheck_workers.telemetry.openlineage.switch import openlineage_listener  # noqa: PLC0415

    with _harmless():
        use_listener(openlineage_listener())


def prepare_openlineage(settings: Settings) -> None:
    """Import OpenLineage's client when it is wanted: before a pool forks, for all its children.

    Raises:
        SettingsError: it is not installed.
    """
    if not settings.openlineage:
        return
    if not _installed("openlineage.client"):
        problem = "openlineage-python is not installed; pip install 'raincheck[openlineage]'"
        raise SettingsError("RAINCHECK_OPENLINEAGE", problem)
    import_module("raincheck_workers.telemetry.openlineage.switch")


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its parent
        return False
