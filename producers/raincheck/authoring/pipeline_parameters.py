"""The parameters of a pipeline: validated, coerced, and kept as JSON."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from raincheck.authoring.json_values import json_problem
from raincheck.authoring.parameters import ArgumentProblem, ParameterPort, bind_arguments
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ParameterError


@dataclass(frozen=True, slots=True)
class ParameterValues:
    """The parameters of one call; those left at their default are not in it."""

    values: dict[str, object]
    """What the pipeline function receives, coerced to the annotations."""
    recorded: dict[str, JsonValue]
    """The same as JSON; validating it again gives the values again."""


def read_parameters(
    pipeline: str,
    ports: Sequence[ParameterPort],
    args: Sequence[object],
    kwargs: Mapping[str, object],
) -> ParameterValues:
    """Validate the arguments of a pipeline.

    Args:
        pipeline: its name, for the message.
        ports: its parameters.
        args: positional arguments.
        kwargs: arguments by name.

    Raises:
        ParameterError: lists every parameter that is wrong, and why.
    """
    bound = bind_arguments(ports, args, kwargs)
    problems = list(bound.problems)
    values: dict[str, object] = {}
    recorded: dict[str, JsonValue] = {}
    for port in ports:
        if port.name not in bound.values:
            continue
        try:
            values[port.name], recorded[port.name] = _read(port, bound.values[port.name])
        except ValueError as error:
            # Pydantic's errors and the ones raised here are ValueErrors.
            problems.append(ArgumentProblem(port.name, _text_of(error)))
    if problems:
        raise ParameterError(pipeline, "; ".join(map(str, problems)))
    return ParameterValues(values, recorded)


def _read(port: ParameterPort, value: object) -> tuple[object, JsonValue]:
    if port.adapter is None:
        return value, copy.deepcopy(_checked_json(value))
    validated = port.adapter.validate_python(value)
    recorded = _dump(port.adapter, validated)
    _check_comes_back(port.adapter, recorded)
    return validated, recorded


def _dump(adapter: TypeAdapter[object], value: object) -> JsonValue:
    try:
        dumped = adapter.dump_python(value, mode="json", by_alias=True, warnings="error")
    except PydanticSerializationError as error:
        raise _NotKeptError(f"cannot be kept as JSON ({error}); pass it by reference") from error
    return _checked_json(dumped)


def _checked_json(value: object) -> JsonValue:
    problem = json_problem(value)
    if problem is not None:
        raise _NotKeptError(f"cannot be kept as JSON ({problem})")
    return cast("JsonValue", value)


def _check_comes_back(adapter: TypeAdapter[object], recorded: JsonValue) -> None:
    # A worker that compiles the pipeline later has only what was recorded.
    try:
        adapter.validate_python(recorded)
    except ValidationError as error:
        raise _NotKeptError(f"its JSON form is refused again ({_text_of(error)})") from error


class _NotKeptError(ValueError):
    """A parameter cannot be recorded; becomes part of a `ParameterError`."""


def _text_of(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return ", ".join(_line(item["loc"], item["msg"], item["input"]) for item in error.errors())


def _line(location: tuple[int | str, ...], message: str, given: object) -> str:
    where = "".join(f"[{token!r}]" for token in location)
    return f"{where}{': ' if where else ''}{message} (given {given!r:.60})"
