"""Column contracts in annotations: found by the name of their package, nothing imported."""

import collections.abc
import functools
import operator
import sys
import types
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from raincheck.materializers.annotations import taken_apart
from raincheck.materializers.type_names import type_name
from raincheck_contracts.errors import DefinitionError

# What a step's inputs can be nested in; a contract within anything else would never be asked.
_CONTAINERS: set[Any] = {
    *(list, tuple, dict),
    *(collections.abc.Iterable, collections.abc.Collection, collections.abc.Sequence),
    *(collections.abc.MutableSequence, collections.abc.Mapping, collections.abc.MutableMapping),
}
_UNIONS = {Union, types.UnionType}
_DEEPEST = 16  # for aliases that name themselves
_FORM = "Write Annotated[pandas.DataFrame, schema] or Annotated[pandas.Series, schema]"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way in which a value may satisfy an annotation."""

    type: object
    contracts: tuple[object, ...]
    """All of them must hold; empty for what is no frame and for a frame without any."""


def contracts_known() -> bool:
    """Tell whether this process can have met a contract: it has imported pandera."""
    return "pandera" in sys.modules


def readings(annotation: object) -> tuple[Reading, ...]:
    """Give the types that an annotation allows with the contracts of each.

    Args:
        annotation: of an output or parameter.

    Returns:
        Nothing when there is no contract, so that there is nothing to check.
    """
    if not contracts_known():
        return ()
    found = tuple(
        Reading(alternative.type, _for_type(alternative.type, alternative.extras))
        for alternative in taken_apart(annotation)
    )
    return found if any(reading.contracts for reading in found) else ()


def check_declared(
    function: str, place: str, annotation: object, *, nested: bool, depth: int = 0
) -> None:
    """Refuse a contract that could never be checked.

    Args:
        function: name of the step, for the error.
        place: what is annotated, for example `parameter 'data'`.
        annotation: resolved, with extras.
        nested: whether contracts may stand within lists and dicts.
        depth: levels of these above it.

    Raises:
        DefinitionError: a contract on what takes no frame, or of a kind that is not known.
    """
    if not contracts_known() or depth > _DEEPEST:
        return
    alternatives = list(taken_apart(annotation))
    extras = [extra for each in alternatives for extra in each.extras]
    for contract in filter(is_contract, extras):
        wanted = _kind(function, place, contract)
        if not any(_is(each.type, wanted) for each in alternatives):
            takes = " | ".join(_spelled(each.type) for each in alternatives)
            problem = f"{place} has a column contract for a {wanted} but takes {takes}"
            raise DefinitionError(function, problem, _FORM)
    for alternative in alternatives:
        origin = get_origin(alternative.type)
        within = [each for each in get_args(alternative.type) if _holds_contract(each)]
        if within and not (nested and origin in _CONTAINERS):
            problem = f"{place} has a column contract inside of {_spelled(origin)}[...]"
            raise DefinitionError(function, f"{problem}, where nothing checks it", _FORM)
        for each in within:
            check_declared(function, place, each, nested=nested, depth=depth + 1)


def without_contracts(annotation: Any, depth: int = 0) -> Any:
    """Give an annotation without its contracts, for checks of what is no frame.

    pandera's schemas bring a check for pydantic that takes nothing but schemas.
    """
    if not contracts_known() or not _holds_contract(annotation):
        return annotation
    if depth > _DEEPEST:
        return Any
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bare, *extras = arguments
        kept = tuple(extra for extra in extras if not is_contract(extra))
        bare = without_contracts(bare, depth + 1)
        return Annotated[(bare, *kept)] if kept else bare
    if origin in _CONTAINERS:
        return origin[tuple(without_contracts(argument, depth + 1) for argument in arguments)]
    if origin in _UNIONS:
        members = [without_contracts(argument, depth + 1) for argument in arguments]
    else:
        members = [without_contracts(each.type, depth + 1) for each in taken_apart(annotation)]
    return functools.reduce(operator.or_, members)


def is_contract(extra: object) -> bool:
    """Tell whether something within an annotation comes from pandera."""
    of = get_origin(extra)
    if of is not None:  # pandera.typing.DataFrame[Model]
        return _from_pandera(of)
    classes = extra.__mro__ if isinstance(extra, type) else type(extra).__mro__
    return any(_from_pandera(cls) for cls in classes) and not _is_bare_type(extra)


def _is_bare_type(extra: object) -> bool:
    """`pandera.typing.DataFrame` without a model says no more than the class of pandas."""
    return isinstance(extra, type) and extra.__module__.startswith("pandera.typing")


def _from_pandera(cls: object) -> bool:
    return getattr(cls, "__module__", "").partition(".")[0] == "pandera"


def _for_type(declared: object, extras: tuple[object, ...]) -> tuple[object, ...]:
    from raincheck.columns.schemas import kind_of  # noqa: PLC0415 - imports pandera

    return tuple(each for each in extras if is_contract(each) and _is(declared, kind_of(each)))


def _kind(function: str, place: str, contract: object) -> str:
    from raincheck.columns.schemas import kind_of  # noqa: PLC0415 - imports pandera

    try:
        return kind_of(contract)
    except Exception as error:
        problem = f"the column contract of {place} cannot be used: {error}"
        remedy = "Give a DataFrameSchema, a DataFrameModel or a SeriesSchema of pandera.pandas"
        raise DefinitionError(function, problem, remedy) from error


def _is(declared: object, wanted: str) -> bool:
    return isinstance(declared, type) and any(type_name(cls) == wanted for cls in declared.__mro__)


def _holds_contract(annotation: object, depth: int = 0) -> bool:
    return depth < _DEEPEST and any(
        any(map(is_contract, each.extras))
        or any(_holds_contract(argument, depth + 1) for argument in get_args(each.type))
        for each in taken_apart(annotation)
    )


def _spelled(declared: object) -> str:
    if isinstance(declared, type):
        return type_name(declared).removeprefix("builtins.")
    return str(declared).replace("typing.", "")
