"""Why a message is not acted on."""

from dataclasses import dataclass

from pydantic import ValidationError

_LONGEST = 200  # characters of a reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is put aside."""

    kind: str
    """One of few words, by which the log is kept short."""
    reason: str
    """One phrase for a person; bounded, printable."""


def refused(kind: str, reason: str) -> Refusal:
    """A refusal whose reason is safe to print, whatever of the message is in it."""
    return Refusal(kind, printable(reason, _LONGEST))


def misshapen(kind: str, error: ValidationError) -> Refusal:
    """A refusal by the first thing that a contract does not allow."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(item) for item in first["loc"])
    return refused(kind, f"{kind} {place}: {first['msg']}" if place else first["msg"])


def printable(content: str | bytes, longest: int) -> str:
    """The beginning of something unknown in one line, without what a terminal obeys.

    Args:
        content: text, or bytes that may be some.
        longest: characters that are kept; what was cut off ends in `...`.
    """
    start = content[: longest + 1]
    text = start if isinstance(start, str) else start.decode("utf-8", "replace")
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return shown if len(content) <= longest else shown[: longest - 3] + "..."
