"""JSON values: None, bool, int, float, str, list, and dict with str keys; nothing else."""

import copy
import json
import math
from typing import NoReturn

from raincheck.materializers.base import DumpTarget, Parts
from raincheck.materializers.type_names import type_name
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.errors import BlobCorruptError, UnsupportedValueError

_MEDIA_TYPE = "application/json"
_DEPTH = 200
#: More decimal digits than this, and Python refuses to read an int back.
_INT_BITS = 14_000

_KINDS = (bool, int, float, str, list, dict, tuple, set, frozenset, bytearray)


class JsonMaterializer:
    """Stores JSON values exactly as they are.

    Integers of any size up to 14,000 bits and finite floats come back equal. The order of
    dict keys is part of a value: it comes back, and gives another digest. What JSON would
    change silently (tuples, NaN, keys that are no str, subclasses such as enum members) is
    refused, with its place.
    """

    name = "json"
    version = 1
    cacheable = False  # to copy costs as much as to decode

    def handles(self, value: object) -> bool:
        """Whether `value` is a JSON value or would be taken for one."""
        return value is None or isinstance(value, _KINDS)

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write `value` as compact JSON.

        Raises:
            UnsupportedValueError: if any part of it would not come back as it is.
        """
        if isinstance(value, tuple):
            _refuse("value", value, "Declare several outputs, or use a list")
        out.put(json_bytes(value, "value"), _MEDIA_TYPE)

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Read the value back.

        Raises:
            BlobCorruptError: if the bytes are not JSON.
        """
        del annotation
        text = parts.buffer()
        try:
            value: object = json.loads(str(text, "utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            problem = f"it is not JSON: {error}"
            raise BlobCorruptError(manifest.parts[0].digest, "the store", problem) from error
        return value

    def copy(self, value: object) -> object:
        """Copy deeply."""
        return copy.deepcopy(value)


def json_bytes(value: object, where: str) -> bytes:
    """Encode a JSON value without loss.

    Args:
        value: to encode.
        where: names the value in errors.

    Returns:
        UTF-8 text without spaces; keys in their order.

    Raises:
        UnsupportedValueError: naming the place of the first thing that JSON would change.
    """
    _check(value, where, 0)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _check(value: object, where: str, depth: int) -> None:
    kind = type(value)
    if value is None or kind is bool:
        return
    if kind is dict or kind is list:
        if depth >= _DEPTH:
            raise UnsupportedValueError(
                where,
                f"it is nested deeper than {_DEPTH} levels, or contains itself",
                "Store a flatter value",
            )
        _check_members(value, where, depth + 1)
    else:
        _check_scalar(value, where)


def _check_members(value: object, where: str, depth: int) -> None:
    if isinstance(value, list):
        for position, member in enumerate(value):
            _check(member, f"{where}[{position}]", depth)
    elif isinstance(value, dict):
        for key, member in value.items():
            if type(key) is not str:
                raise UnsupportedValueError(
                    where,
                    f"its key {key!r} is of type {type_name(type(key))}; JSON keys are str",
                    "Convert the keys with str(), or store a list of pairs as lists",
                )
            _check_text(key, where)
            _check(member, f"{where}[{key!r}]", depth)


def _check_scalar(value: object, where: str) -> None:
    kind = type(value)
    if kind is str:
        _check_text(str(value), where)
    elif kind is float and isinstance(value, float):
        if not math.isfinite(value):
            raise UnsupportedValueError(
                where,
                f"JSON has no {value!r}",
                "Use None for a missing number, or a numpy array, which keeps it",
            )
    elif kind is int and isinstance(value, int):
        if value.bit_length() > _INT_BITS:
            problem = f"an int of {value.bit_length()} bits cannot be read back"
            raise UnsupportedValueError(where, problem, "Store it as bytes")
    else:
        _refuse(where, value, _remedy(value))


def _check_text(text: str, where: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnsupportedValueError(
            where, f"{text!r} holds half a surrogate pair", "Store it as bytes"
        ) from error


def _refuse(where: str, value: object, remedy: str) -> NoReturn:
    problem = f"a value of type {type_name(type(value))} would come back as another type"
    raise UnsupportedValueError(where, problem, remedy)


def _remedy(value: object) -> str:
    if isinstance(value, tuple | set | frozenset):
        return "Use a list"
    if isinstance(value, bytes | bytearray):
        return "Return bytes as an output of its own"
    if hasattr(value, "dtype"):
        return "Convert it with .item() or .tolist(), or return it as an output of its own"
    exact = "None, bool, int, float, str, list and dict"
    return f"Use {exact} exactly, or return it as an output of its own"


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
