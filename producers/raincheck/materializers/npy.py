"""The .npy format: write it, and map it back without numpy's own reader."""

import io
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from raincheck.materializers.base import DumpTarget, Parts
from raincheck.materializers.type_names import type_name
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.errors import BlobCorruptError, UnsupportedValueError

AnyArray: TypeAlias = npt.NDArray[Any]
Storable: TypeAlias = AnyArray | np.generic

_MEDIA_TYPE = "application/x-npy"
#: Kinds whose dtype is told by a short string such as `<f8` or `<M8[ns]`.
_PLAIN = "biufcSUmM"


def dump(value: Storable, out: DumpTarget) -> None:
    """Write an array or scalar as one part.

    Raises:
        UnsupportedValueError: if its class or dtype would not come back.
    """
    array = np.asarray(value)
    _check(value, array.dtype)
    header, memory, fortran = npy_file(array)
    with out.part("data", _MEDIA_TYPE) as part:
        part.write(header)
        part.write(memory)
    schema: dict[str, JsonValue] = {"scalar": True} if isinstance(value, np.generic) else {}
    if array.dtype.kind in _PLAIN:
        # With these, loading need not parse the header.
        schema |= {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "fortran": fortran,
            "offset": len(header),
        }
    out.remember(schema, versions={"numpy": np.__version__})


def load(manifest: Manifest, parts: Parts) -> Storable:
    """Give the array over the bytes of the part, without a copy, or the scalar."""
    try:
        array = _over(manifest, parts.buffer())
    except (TypeError, ValueError) as error:
        problem = f"it is not the array that its manifest describes: {error}"
        raise BlobCorruptError(manifest.parts[0].digest, "the store", problem) from error
    if manifest.schema_.get("scalar"):
        return cast("np.generic", array[()])
    return array


def npy_file(array: AnyArray) -> tuple[bytes, memoryview, bool]:
    """Lay an array out as a .npy file.

    Args:
        array: without objects.

    Returns:
        The header, the memory of the elements (not copied where possible), and whether
        they are in Fortran order. Equal arrays of one order give equal bytes.
    """
    # Neither C nor Fortran order: the gaps go, the values stay.
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        array = np.ascontiguousarray(array)
    if array.dtype.fields is not None:
        # What lies in the gaps between the fields of a record is chance.
        order: Literal["C", "F"] = "C" if array.flags.c_contiguous else "F"
        clean = np.zeros(array.shape, array.dtype, order)  # zeros_like would leave the gaps
        _assign(clean, array)
        array = clean
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    header = _header(array, fortran_order=fortran)
    if array.nbytes == 0:
        return header, memoryview(b""), fortran
    flat = (array.T if fortran else array).reshape(-1)
    return header, flat.view(np.uint8).data, fortran


def copied(value: Storable) -> Storable:
    """Copy an array; give a scalar as it is."""
    return value if isinstance(value, np.generic) else value.copy(order="K")


def _check(value: Storable, dtype: np.dtype[Any]) -> None:
    if not isinstance(value, np.generic) and type(value) is not np.ndarray:
        raise UnsupportedValueError(
            "value",
            f"{type_name(type(value))} would come back as a plain numpy.ndarray",
            "Store numpy.asarray(value), and a mask as an output of its own",
        )
    if dtype.hasobject or dtype.kind not in _PLAIN + "V":
        raise UnsupportedValueError(
            "value",
            f"an array of dtype {dtype} can only be stored with pickle",
            "Convert it with astype(), or store text as a list or a pandas.Series",
        )
    if (dtype.kind == "V" and not _kept_by_header(dtype)) or dtype.metadata:
        raise UnsupportedValueError(
            "value",
            f"the .npy format does not keep all of dtype {dtype!r}",
            "Convert it with astype() to a dtype without alignment, titles or metadata",
        )


def _assign(target: AnyArray, source: AnyArray) -> None:
    if target.dtype.names is None:
        target[...] = source
    else:
        for name in target.dtype.names:
            _assign(target[name], source[name])


def _over(manifest: Manifest, view: memoryview) -> AnyArray:
    dtype, shape, fortran, offset = _layout(manifest, view)
    if dtype.hasobject:
        raise TypeError(f"{dtype} holds objects")
    if min(offset, *shape, 0) < 0:  # numpy checks only the end
        raise ValueError(f"shape {shape} at {offset}")
    return np.ndarray(shape, dtype, buffer=view, offset=offset, order="F" if fortran else "C")


def _kept_by_header(dtype: np.dtype[Any]) -> bool:
    back = npy_format.descr_to_dtype(npy_format.dtype_to_descr(dtype))
    return bool(back == dtype) and back.isalignedstruct == dtype.isalignedstruct


def _header(array: AnyArray, *, fortran_order: bool) -> bytes:
    text = io.BytesIO()
    data = {
        "descr": npy_format.dtype_to_descr(array.dtype),
        "fortran_order": fortran_order,
        "shape": array.shape,
    }
    try:
        npy_format.write_array_header_1_0(text, data)
    except ValueError:  # over 64 KiB: many fields
        text = io.BytesIO()
        npy_format.write_array_header_2_0(text, data)
    return text.getvalue()


def _layout(
    manifest: Manifest, view: memoryview
) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    schema = manifest.schema_
    match schema:
        case {
            "dtype": str(text),
            "shape": list(shape),
            "fortran": bool(fortran),
            "offset": int(offset),
        }:
            sizes = tuple(size for size in shape if isinstance(size, int))
            return np.dtype(text), sizes, fortran, offset
        case _:
            return _parsed(view)


def _parsed(view: memoryview) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    file = io.BytesIO(view)
    version = npy_format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = npy_format.read_array_header_1_0(file)
    else:
        shape, fortran, dtype = npy_format.read_array_header_2_0(file, max_header_size=1 << 24)
    return dtype, shape, fortran, file.tell()
