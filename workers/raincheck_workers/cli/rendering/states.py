"""States in colour and as signs; the word says it all without either."""

from rich.text import Text

from raincheck_contracts.runs import RunStatus, StepState

_STYLES = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "magenta",
    "waiting": "yellow",
    "running": "cyan",
}
# The second is for terminals that know only ASCII.
_SIGNS = {
    StepState.PENDING: ("·", "."),
    StepState.QUEUED: ("○", "o"),
    StepState.WAITING: ("◷", "?"),
    StepState.RUNNING: ("●", "*"),
    StepState.SUCCEEDED: ("✓", "+"),
    StepState.FAILED: ("✗", "x"),
    StepState.CANCELLED: ("■", "#"),
    StepState.SKIPPED: ("–", "-"),  # noqa: RUF001 - a dash is meant
}


def state_text(state: StepState | RunStatus) -> Text:
    """The word for a state."""
    return Text(str(state), style=style_of(state))


def style_of(state: StepState | RunStatus) -> str:
    """The style of a state; most plain states have none."""
    return _STYLES.get(str(state), "default")


def sign(state: StepState, *, plain: bool) -> str:
    """One character for a state.

    Args:
        state: of a step.
        plain: whether only ASCII can be shown.
    """
    return _SIGNS[state][plain]
