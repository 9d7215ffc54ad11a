"""Schemas of pandera, asked what a frame fails; imported only when there is one."""

from collections.abc import Sequence
from typing import Any, get_args, get_origin

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError, SchemaErrors

from raincheck.materializers.type_names import type_name
from raincheck_contracts.columns import FailedCheck

_MOST_FOUND = 3
_MOST_CHARACTERS = 60

# How a check of names or dtypes is called, by the name of pandera's reason.
_CALLED = {
    "COLUMN_NOT_IN_DATAFRAME": "required",
    "COLUMN_NOT_IN_SCHEMA": "not in the contract",
    "COLUMN_NOT_ORDERED": "in the order of the contract",
    "DUPLICATE_COLUMN_LABELS": "a name for one column only",
    "WRONG_FIELD_NAME": "the name of the contract",
    "SERIES_CONTAINS_NULLS": "not nullable",
    "SERIES_CONTAINS_DUPLICATES": "unique",
    "DUPLICATES": "unique together",
}
_NAMES_IN_CASES = {"COLUMN_NOT_IN_DATAFRAME", "COLUMN_NOT_IN_SCHEMA", "COLUMN_NOT_ORDERED"}
_DTYPES = {"WRONG_DATATYPE", "DATATYPE_COERCION"}


def schema_of(contract: object) -> Any:
    """Give the schema that a contract is written as.

    Args:
        contract: a schema, the class of a model, or `pandera.typing.DataFrame[Model]`.

    Raises:
        TypeError: it is none for a frame of pandas.
        pandera.errors.SchemaInitError: the model makes no schema.
    """
    if get_origin(contract) is not None:
        (argument,) = get_args(contract)
        of_series = issubclass(get_origin(contract), pd.Series)  # type: ignore[arg-type]  # a class
        return pa.SeriesSchema(argument) if of_series else schema_of(argument)
    if isinstance(contract, pa.DataFrameSchema | pa.SeriesSchema):
        return contract
    if isinstance(contract, type) and issubclass(contract, pa.DataFrameModel):
        return contract.to_schema()
    name = type_name(contract if isinstance(contract, type) else type(contract))
    raise TypeError(f"{name} is no schema of a pandas frame or series")


def kind_of(contract: object) -> str:
    """Give the name of the class that a contract is for; raises as `schema_of`."""
    is_series = isinstance(schema_of(contract), pa.SeriesSchema)
    return "pandas.Series" if is_series else "pandas.DataFrame"


def failed_checks(contract: object, frame: Any, *, names_only: bool = False) -> list[FailedCheck]:
    """Say what a frame or series fails; it stays as it is.

    A schema that would change the frame (`coerce`, defaults, parsers, filters) fails where it
    would: what is published and handed over is what its author made.

    Args:
        contract: see `schema_of`.
        frame: of the kind that the contract is for.
        names_only: only ask for names, order and dtypes.
    """
    schema = schema_of(contract)
    # Copies on write: whatever the schema sets, `frame` does not see it.
    working = frame.copy(deep=False)
    depth = ValidationDepth.SCHEMA_ONLY if names_only else None
    in_place = getattr(schema, "strict", False) != "filter"
    with config_context(validation_depth=depth):
        try:
            result = schema.validate(working, lazy=True, inplace=in_place)
        except SchemaErrors as found:
            errors = list(found.schema_errors)
        except SchemaError as error:
            errors = [error]
        except Exception:
            if names_only:
                return []  # its author's code may want rows: the whole frame will tell
            raise
        else:
            return _changes(frame, result)
    return [_failed(error) for error in errors]


def _reason(error: SchemaError) -> str:
    return error.reason_code.name if error.reason_code is not None else ""


def _failed(error: SchemaError) -> FailedCheck:
    reason = _reason(error)
    cases: Any = error.failure_cases
    column = _column_of(error)
    if reason == "DUPLICATE_COLUMN_LABELS":
        names = ", ".join(map(str, cases))
        return FailedCheck(column=names, check=_CALLED[reason])
    if reason in _NAMES_IN_CASES:
        return FailedCheck(column=str(cases), check=_CALLED[reason])
    if reason in _DTYPES:
        wanted = getattr(error.schema, "dtype", None)
        return FailedCheck(column=column, check=f"dtype {wanted}", found=_found(cases))
    check = _CALLED.get(reason) or _spelled(error.check)
    return FailedCheck(column=column, check=check, rows=_rows(error), found=_found(cases))


def _column_of(error: SchemaError) -> str:
    name = error.column_name if error.column_name is not None else error.schema.name
    if name is None and isinstance(error.schema, pa.Index):
        return "index"
    if name is None and isinstance(error.failure_cases, pd.DataFrame):
        columns = error.failure_cases.get("column")
        return "" if columns is None else ", ".join(dict.fromkeys(map(str, columns)))
    return "" if name is None else str(name)


def _spelled(check: Any) -> str:
    text = getattr(check, "error", None) or getattr(check, "name", None) or check
    return _cut(str(text))


def _rows(error: SchemaError) -> int | None:
    passed: Any = error.check_output
    if isinstance(passed, pd.Series) and passed.dtype == bool:
        return int(np.count_nonzero(~passed.to_numpy())) or None
    cases: Any = error.failure_cases
    if isinstance(cases, pd.DataFrame) and "index" in cases:
        return len(cases["index"].unique()) or None
    return None


def _found(cases: Any) -> tuple[str, ...]:
    if isinstance(cases, pd.DataFrame):
        values: Sequence[Any] = cases["failure_case"].head(_MOST_FOUND).tolist()
        return tuple(_cut(repr(value)) for value in values)
    return () if cases is None else (_cut(str(cases)),)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."


def _changes(before: Any, after: Any) -> list[FailedCheck]:
    """What a schema has made of a frame that it accepts."""
    if isinstance(before, pd.Series):
        before, after = before.to_frame(), after.to_frame()
    if list(before.columns) != list(after.columns):
        added = [FailedCheck(column=str(c), check="required") for c in after if c not in before]
        left = [
            FailedCheck(column=str(c), check=_CALLED["COLUMN_NOT_IN_SCHEMA"])
            for c in before
            if c not in after
        ]
        return [*added, *left] or [FailedCheck(check=_CALLED["COLUMN_NOT_ORDERED"])]
    if len(before) != len(after):
        rows = len(before) - len(after)
        return [FailedCheck(check="no rows dropped by the contract", rows=rows)]
    places = enumerate(map(str, before.columns))
    found = [_change(name, before.iloc[:, at], after.iloc[:, at]) for at, name in places]
    found.append(_change("index", before.index.to_series(), after.index.to_series()))
    return [each for each in found if each is not None]


def _change(column: str, before: Any, after: Any) -> FailedCheck | None:
    if before.dtype != after.dtype:
        return FailedCheck(column=column, check=f"dtype {after.dtype}", found=(str(before.dtype),))
    if before.array is after.array or before.equals(after):
        return None
    differs = ~((before == after) | (before.isna() & after.isna())).to_numpy(dtype=bool)
    cases = pd.DataFrame({"failure_case": before[differs]})
    rows = int(differs.sum())
    return FailedCheck(
        column=column, check="unchanged by the contract", rows=rows or None, found=_found(cases)
    )
