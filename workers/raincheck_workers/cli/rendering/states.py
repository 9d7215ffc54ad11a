"""States in colour; the word says it all without one."""

from rich.text import Text

from raincheck_contracts.runs import RunStatus, StepState

_STYLES = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "magenta",
    "waiting": "yellow",
    "running": "cyan",
}


def state_text(state: StepState | RunStatus) -> Text:
    """The word for a state."""
    return Text(str(state), style=_STYLES.get(str(state), ""))
