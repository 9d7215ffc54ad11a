"""What is plain JSON, exactly: no subclasses, no NaN, no silent change of type."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from typing_extensions import override

from raincheck.materializers.type_names import type_name

#: Levels of lists and dicts; JSON readers refuse more than about 200.
MAX_DEPTH = 48
#: Bits of a whole number; JSON readers refuse more than 4,300 digits.
MAX_INTEGER_BITS = 14_000


@dataclass(frozen=True, slots=True)
class JsonProblem:
    """Where a value is not plain JSON, and why."""

    where: str
    """Position within the value, for example `['a'][0]`; empty for the value itself."""
    problem: str

    @override
    def __str__(self) -> str:
        """One phrase for a person."""
        return f"at {self.where}: {self.problem}" if self.where else self.problem


def kind_of(value: object) -> str:
    """The type of a value as a person writes it: `int`, `pandas.DataFrame`."""
    return type_name(type(value)).removeprefix("builtins.")


def scalar_problem(value: object) -> str | None:
    """Why a value is not a JSON scalar.

    Args:
        value: None, bool, int, finite float or str, of exactly these types.

    Returns:
        The problem, or None when it is one.
    """
    if value is None or type(value) is bool:
        return None
    if type(value) is int:
        large = value.bit_length() > MAX_INTEGER_BITS
        return f"a whole number of more than {MAX_INTEGER_BITS} bits" if large else None
    if type(value) is float:
        return None if math.isfinite(value) else f"JSON has no {value}"
    if type(value) is str:
        return None if _is_unicode(value) else "the text has half of a surrogate pair"
    return f"{kind_of(value)} is not a JSON type"


def json_problem(value: object, where: str = "", depth: int = 0) -> JsonProblem | None:
    """Why a value is not plain JSON.

    Args:
        value: lists, dicts with str keys and scalars, of exactly these types.
        where: position of the value within a larger one.
        depth: levels above it.

    Returns:
        The first problem in reading order, or None when there is none.
    """
    if depth > MAX_DEPTH:
        return JsonProblem(where, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, list) and type(value) is list:
        return _first(json_problem(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value))
    if isinstance(value, dict) and type(value) is dict:
        return _dict_problem(value, where, depth)
    problem = scalar_problem(value)
    return None if problem is None else JsonProblem(where, problem)


def key_problem(key: object) -> str | None:
    """Why a key of a dict cannot be a JSON key, or None when it can."""
    if type(key) is not str:
        return f"the key {key!r} is {kind_of(key)}, and JSON keys are str"
    return scalar_problem(key)


def _dict_problem(value: dict[object, object], where: str, depth: int) -> JsonProblem | None:
    for key, item in value.items():
        problem = key_problem(key)
        if problem is not None:
            return JsonProblem(where, problem)
        found = json_problem(item, f"{where}[{key!r}]", depth + 1)
        if found is not None:
            return found
    return None


def _first(problems: Iterable[JsonProblem | None]) -> JsonProblem | None:
    return next((problem for problem in problems if problem is not None), None)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
