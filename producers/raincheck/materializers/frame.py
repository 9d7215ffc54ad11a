"""pandas frames and series, as Arrow files that are mapped, not copied."""

import sys
from typing import TYPE_CHECKING, cast

from raincheck.materializers.base import DumpTarget, Parts
from raincheck_contracts.artifacts import Manifest

if TYPE_CHECKING:
    import pandas as pd


class FrameMaterializer:
    """Stores `pandas.DataFrame` and `pandas.Series` so that nothing changes silently.

    Kept: values, dtypes (string storage, categories, units, time zones), the class of
    index and labels, names, duplicate labels, frequencies, `attrs` of JSON values, and
    `flags`. What would not come back (sparse, complex, mixed cells, dict cells, extension
    types of other packages) is refused with the column's name and an alternative.
    Numeric columns are mapped as writable, private two-dimensional blocks.
    """

    name = "arrow-frame"
    version = 1
    cacheable = False  # a mapping costs less than a copy

    def handles(self, value: object) -> bool:
        """Whether `value` is a frame or series (of any class)."""
        pandas = sys.modules.get("pandas")
        return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series))

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write the frame as one uncompressed record batch.

        Raises:
            UnsupportedValueError: naming the column and what to use instead.
        """
        from raincheck.materializers.frames import writing  # noqa: PLC0415 - imports pyarrow

        writing.dump(cast("pd.DataFrame | pd.Series", value), out)

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Map the frame."""
        from raincheck.materializers.frames import reading  # noqa: PLC0415 - imports pandas

        del annotation
        return reading.load(manifest, parts)

    def copy(self, value: object) -> object:
        """Copy the frame deeply, except for cells of object columns, which never change."""
        return cast("pd.DataFrame | pd.Series", value).copy(deep=True)
