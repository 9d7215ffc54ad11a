"""The root of the error tree."""

from typing_extensions import override


class RaincheckError(Exception):
    """Root of all errors that Raincheck raises on purpose."""

    @override
    def __repr__(self) -> str:
        """In words, as monitors show errors by their `repr`."""
        return f"{type(self).__name__}({str(self)!r})"
