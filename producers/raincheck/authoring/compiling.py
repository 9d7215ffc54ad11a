"""Whether a pipeline function is being compiled here, and what records its steps."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from raincheck.authoring.models import Model
    from raincheck.authoring.step import Step


class CallRecorder(Protocol):
    """What a step call inside a pipeline function is handed to."""

    @property
    def pipeline(self) -> str:
        """Name of the pipeline being compiled."""
        ...

    @property
    def model(self) -> "Model | None":
        """The model to whose versions its runs link what they publish."""
        ...

    def record(
        self,
        step: "Step[..., Any]",
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        after: tuple[object, ...],
    ) -> object:
        """Record a call and return its lazy outputs.

        Raises:
            CompileError: when the call cannot be compiled.
        """
        ...


# A context variable: another thread starts with an empty context and compiles apart.
_ACTIVE: ContextVar[CallRecorder | None] = ContextVar("raincheck_compilation", default=None)


def active_recorder() -> CallRecorder | None:
    """The recorder of the pipeline function that runs here, or None outside of one."""
    return _ACTIVE.get()


def compiling() -> bool:
    """Whether the caller runs inside a pipeline function that is being compiled."""
    return _ACTIVE.get() is not None


@contextmanager
def recording_into(recorder: CallRecorder | None) -> Generator[None]:
    """Let step calls in this context go to `recorder`; None lets them run plainly."""
    token = _ACTIVE.set(recorder)
    try:
        yield
    finally:
        _ACTIVE.reset(token)
