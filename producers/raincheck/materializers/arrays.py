"""numpy arrays and scalars, as .npy files without pickle."""

import sys
from typing import cast

from raincheck.materializers.base import DumpTarget, Parts
from raincheck_contracts.artifacts import Manifest


class ArrayMaterializer:
    """Stores `numpy.ndarray` and numpy scalars with their dtype.

    Large arrays are mapped, not read, and are writable: a changed page is private. Order
    (C or Fortran), byte order and NaN payloads are kept; the read-only flag and gaps
    between elements are not. A scalar is stored as an array without dimensions, so that
    `numpy.float64(0.5)` comes back as that.
    """

    name = "npy"
    version = 1
    cacheable = False  # a mapping costs less than a copy

    def handles(self, value: object) -> bool:
        """Whether `value` is an array (of any class) or a numpy scalar."""
        numpy = sys.modules.get("numpy")
        return numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic))

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write `value` as .npy.

        Raises:
            UnsupportedValueError: for object, StringDType and masked arrays, and for
                subclasses of `numpy.ndarray`.
        """
        from raincheck.materializers import npy  # noqa: PLC0415 - imports numpy

        npy.dump(cast("npy.Storable", value), out)

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Map or read the array."""
        from raincheck.materializers import npy  # noqa: PLC0415 - imports numpy

        del annotation
        return npy.load(manifest, parts)

    def copy(self, value: object) -> object:
        """Copy the array; a scalar never changes."""
        from raincheck.materializers import npy  # noqa: PLC0415 - imports numpy

        return npy.copied(cast("npy.Storable", value))
