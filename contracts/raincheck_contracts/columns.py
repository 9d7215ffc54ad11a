"""What a frame lacks that its column contract asks for."""

from typing import Annotated

from pydantic import Field
from typing_extensions import override

from raincheck_contracts._base import Contract

_ROWS = ("row", "rows")


class FailedCheck(Contract):
    """One check of a column contract that a frame does not pass."""

    column: str = ""
    """The column, or the name of a series or index; empty for the frame as a whole."""
    check: str
    """For example `required`, `dtype int64`, `not nullable`, `unique`, `in_range(0, 10)`."""
    rows: Annotated[int, Field(ge=1)] | None = None
    """How many rows fail; None for a check that is not about rows."""
    found: tuple[str, ...] = ()
    """A few of the values that fail, or what is there instead; each is cut when it is long."""

    @override
    def __str__(self) -> str:
        """One phrase for a person."""
        place = f"column {self.column!r:.120}: " if self.column else ""
        rows = "" if self.rows is None else f" fails in {self.rows} {_ROWS[self.rows > 1]}"
        found = f", found {', '.join(self.found)}" if self.found else ""
        return f"{place}{self.check}{rows}{found}"
