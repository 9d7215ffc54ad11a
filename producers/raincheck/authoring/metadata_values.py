"""Metadata as it may be logged: a key pattern, and strict finite JSON of bounded size."""

import copy
import re
import sys
from collections.abc import Mapping
from typing import Protocol, cast

from raincheck.authoring.json_values import json_problem
from raincheck.index.entries import MAX_METADATA_BYTES, MAX_METADATA_KEYS
from raincheck_contracts._base import JsonValue, canonical_json
from raincheck_contracts.errors import MetadataConflictError, UnsupportedValueError
from raincheck_contracts.names import METADATA_KEY_PATTERN

_SAVE_IT = (
    f"Metadata is plain JSON of at most {MAX_METADATA_BYTES} bytes a key: keep the value as an "
    "artifact instead, with save_artifact(value, name)"
)
_ISO = "Log its text: value.isoformat()"
_REMEDIES = {
    **dict.fromkeys(("datetime.datetime", "datetime.date", "datetime.time"), _ISO),
    "pandas.Timestamp": _ISO,
    "datetime.timedelta": "Log value.total_seconds()",
    "decimal.Decimal": "Log float(value), or the exact str(value)",
    **dict.fromkeys(("tuple", "set", "frozenset"), "Log a list: list(value)"),
}


class _Scalar(Protocol):
    def item(self) -> object: ...


def checked_metadata(metadata: Mapping[str, object]) -> dict[str, JsonValue]:
    """Metadata as plain JSON.

    numpy scalars, which the metrics of scikit-learn are, become the Python numbers of the
    same value (`.item()`). Nothing else is converted.

    Args:
        metadata: by key, 1 to 128 characters without control characters; up to 64 keys, and
            16 KiB of JSON a key.

    Returns:
        A copy, which later changes of the argument do not touch.

    Raises:
        UnsupportedValueError: for a key or a value that cannot be kept; names the place.
    """
    if len(metadata) > MAX_METADATA_KEYS:
        problem = f"{len(metadata)} keys at once, over {MAX_METADATA_KEYS}"
        raise UnsupportedValueError("metadata", problem, "Nest them: a value may be a dict")
    return {_checked_key(key): _checked_value(key, value) for key, value in metadata.items()}


def merge_metadata(version: str, old: dict[str, JsonValue], new: Mapping[str, JsonValue]) -> None:
    """Add entries to those staged already; an equal entry may be repeated.

    Args:
        version: what they belong to, for the message.
        old: the staged entries, changed in place when all of `new` fits.
        new: the entries to add.

    Raises:
        MetadataConflictError: when a key has another value already; nothing was added.
    """
    for key in new.keys() & old.keys():
        before, after = canonical_json(old[key]), canonical_json(new[key])
        if before != after:
            raise MetadataConflictError(version, key, before, after)
    old.update(new)


def _checked_key(key: object) -> str:
    if isinstance(key, str) and re.fullmatch(METADATA_KEY_PATTERN, key):
        return key
    remedy = "A key is a str of 1 to 128 characters, none of them a control character"
    raise UnsupportedValueError(f"metadata key {key!r:.60}", "it cannot be a key", remedy)


def _checked_value(key: str, value: object) -> JsonValue:
    plain = _without_numpy(value)
    problem = json_problem(plain)
    if problem is not None:
        where = f"metadata[{key!r}]{problem.where}"
        raise UnsupportedValueError(where, problem.problem, _remedy(problem.problem))
    kept = cast("JsonValue", copy.deepcopy(plain))
    size = len(canonical_json(kept).encode())
    if size > MAX_METADATA_BYTES:
        problem_of_size = f"it is {size} bytes of JSON, over {MAX_METADATA_BYTES}"
        raise UnsupportedValueError(f"metadata[{key!r}]", problem_of_size, _SAVE_IT)
    return kept


def _remedy(problem: str) -> str:
    """What to do instead, by the kind of value that the problem begins with."""
    if problem.startswith("JSON has no"):
        return "Leave the key out, or log None"
    return _REMEDIES.get(problem.removesuffix(" is not a JSON type"), _SAVE_IT)


def _without_numpy(value: object) -> object:
    # A numpy scalar exists only where numpy was imported; metadata needs no import of it.
    numpy = sys.modules.get("numpy")
    return value if numpy is None else _replaced(value, numpy.generic)


def _replaced(value: object, scalar: type) -> object:
    if isinstance(value, scalar):
        plain: object = cast("_Scalar", value).item()
        return plain
    if isinstance(value, list) and type(value) is list:
        return [_replaced(item, scalar) for item in value]
    if isinstance(value, dict) and type(value) is dict:
        return {key: _replaced(item, scalar) for key, item in value.items()}
    return value
