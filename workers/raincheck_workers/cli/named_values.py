"""Values given as NAME=VALUE: parameters of a pipeline, metadata of a version."""

import json
from collections.abc import Sequence

from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError


def named_values(call: str, given: Sequence[str]) -> dict[str, JsonValue]:
    """The values that `NAME=VALUE` gives: JSON, or else text.

    Args:
        call: what they were given to, for the error.
        given: as typed.

    Raises:
        ArgumentError: one has no `=`, or comes twice.
    """
    values: dict[str, JsonValue] = {}
    for item in given:
        name, separator, value = item.partition("=")
        if not separator or not name:
            raise ArgumentError(call, f"{item!r} has no '='", "Write NAME=VALUE, such as alpha=0.5")
        if name in values:
            raise ArgumentError(call, f"{name!r} is given twice", "Give it once")
        values[name] = _value(value)
    return values


def _value(text: str) -> JsonValue:
    def refuse(constant: str) -> JsonValue:
        raise ValueError(constant)  # NaN and Infinity are no JSON

    try:
        value: JsonValue = json.loads(text, parse_constant=refuse)
    except ValueError:
        return text
    return value
