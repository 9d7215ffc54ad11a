"""Column contracts: what a frame fails, what a manifest tells, where a contract may stand."""

import subprocess
import sys
from typing import Annotated, Any, TypeVar

import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.typing import DataFrame, Series
from typing_extensions import TypeAliasType

from raincheck import step
from raincheck.blobs.memory import MemoryBlobStore
from raincheck.columns import check_recorded, check_value, without_contracts
from raincheck.columns.recorded import recorded_columns
from raincheck.materializers import dump_value
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.columns import FailedCheck
from raincheck_contracts.errors import ColumnContractError, DefinitionError

SALES = pa.DataFrameSchema(
    {
        "amount": pa.Column(int, pa.Check.in_range(0, 10)),
        "shop": pa.Column(str),
        "rate": pa.Column(float, nullable=True, required=False),
    },
    unique=["shop"],
    strict=True,
)
T = TypeVar("T")
Listed = TypeAliasType("Listed", list[T], type_params=(T,))
SCORES = pa.SeriesSchema(float, pa.Check.ge(0), name="score")
Sales = Annotated[pd.DataFrame, SALES]


class Days(pa.DataFrameModel):
    """A model; its schema would coerce."""

    day: int = pa.Field(ge=1, le=31, coerce=True)


def _frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"amount": [1, 2], "shop": ["a", "b"]} | columns)


def _failed(annotation: object, value: object) -> tuple[FailedCheck, ...]:
    with pytest.raises(ColumnContractError) as caught:
        check_value(annotation, value, "sales")
    assert (caught.value.artifact, caught.value.parameter) == ("sales", "")
    return caught.value.failed


def _manifest(value: object) -> Manifest:
    return dump_value(value, MemoryBlobStore()).manifest


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Sales, _frame()),
        (Sales, _frame(rate=[0.5, None])),
        (Annotated[pd.DataFrame, "sales", SALES], _frame()),
        (Annotated[pd.DataFrame | None, SALES], None),
        (Annotated[pd.DataFrame | pd.Series, SALES], pd.Series([1])),
        (DataFrame[Days], pd.DataFrame({"day": [1, 31]})),
        (DataFrame[Days] | None, None),
        (Annotated[pd.DataFrame, Days] | pd.DataFrame, pd.DataFrame()),
        (Annotated[pd.Series, SCORES], pd.Series([0.5], name="score")),
        (Series[float], pd.Series([0.5])),
        (pd.DataFrame, pd.DataFrame()),
    ],
    ids=[
        "plain",
        "rate",
        "named",
        "none",
        "series",
        "model",
        "optional",
        "either",
        "score",
        "typed",
        "bare",
    ],
)
def test_a_value_that_keeps_its_contract_passes(annotation: object, value: object) -> None:
    """Of a union it must keep the contract of the class that it is of."""
    check_value(annotation, value, "sales")


@pytest.mark.parametrize(
    ("value", "failed"),
    [
        (_frame(amount=[30, -4]), FailedCheck(column="amount", check="in_range(0, 10)", rows=2,
         found=("30", "-4"))),
        (_frame(amount=[0.5, 1]), FailedCheck(column="amount", check="dtype int64",
         found=("float64",))),
        (_frame(shop=["a", None]), FailedCheck(column="shop", check="not nullable", rows=1,
         found=("nan",))),
        (_frame(shop=["a", "a"]), FailedCheck(column="shop", check="unique together", rows=2,
         found=("'a'", "'a'"))),
        (_frame().drop(columns="shop"), FailedCheck(column="shop", check="required")),
        (_frame(more=1), FailedCheck(column="more", check="not in the contract")),
        ([1], FailedCheck(check="a frame or series", found=("builtins.list",))),
        (pd.Series([1]), FailedCheck(check="a frame or series", found=("pandas.Series",))),
    ],
    ids=["range", "dtype", "null", "twice", "missing", "more", "list", "series"],
)  # fmt: skip
def test_a_failed_check_is_named(value: object, failed: FailedCheck) -> None:
    """With its column, the number of rows, and what was found."""
    assert failed in _failed(Sales, value)


def test_all_failed_checks_are_told_at_once() -> None:
    """Each with at most three examples, and the message stays short."""
    frame = pd.DataFrame({"amount": range(100, 2_100), "shop": "x" * 500, "rate": "y"})
    with pytest.raises(ColumnContractError) as caught:
        check_value(Sales, frame, "sales")
    checks = {each.check: each for each in caught.value.failed}
    assert {"in_range(0, 10)", "unique together", "dtype float64"} <= set(checks)
    assert checks["in_range(0, 10)"].rows == 2_000
    assert checks["in_range(0, 10)"].found == ("100", "101", "102")
    assert len(str(caught.value)) < 600


def test_at_most_twenty_failed_checks_are_listed() -> None:
    """The others are counted."""
    wide = pa.DataFrameSchema({f"c{n}": pa.Column(int) for n in range(50)})
    with pytest.raises(ColumnContractError, match="; and 30 more") as caught:
        check_value(Annotated[pd.DataFrame, wide], pd.DataFrame({"x": [1]}), "sales")
    assert (len(caught.value.failed), caught.value.more) == (20, 30)


def _positive(values: Any) -> Any:
    return values.abs()


def _first_off(values: Any) -> Any:
    return values - values.iloc[0]  # no row, no first


def _many(values: Any) -> bool:
    return bool(values.size > 0)


def _nothing(values: Any) -> Any:
    return values.nothing()


@pytest.mark.parametrize(
    ("schema", "value", "failed"),
    [
        (Days, pd.DataFrame({"day": ["1"]}), FailedCheck(column="day", check="dtype int64",
         found=("str",))),
        (pa.DataFrameSchema({"a": pa.Column(int, parsers=pa.Parser(_positive))}),
         pd.DataFrame({"a": [1, -2]}),
         FailedCheck(column="a", check="unchanged by the contract", rows=1, found=("-2",))),
        (pa.DataFrameSchema({"a": pa.Column(int)}, strict="filter"),
         pd.DataFrame({"a": [1], "b": [2]}), FailedCheck(column="b", check="not in the contract")),
        (pa.DataFrameSchema({"a": pa.Column(int), "b": pa.Column(int, default=0)},
         add_missing_columns=True), pd.DataFrame({"a": [1]}),
         FailedCheck(column="b", check="required")),
        (pa.DataFrameSchema({"a": pa.Column(int, pa.Check.gt(0))}, drop_invalid_rows=True),
         pd.DataFrame({"a": [1, -2]}), FailedCheck(check="no rows dropped by the contract",
         rows=1)),
    ],
    ids=["coerce", "parse", "filter", "add", "drop"],
)  # fmt: skip
def test_a_schema_that_would_change_the_frame_fails(
    schema: object, value: pd.DataFrame, failed: FailedCheck
) -> None:
    """What is published is what its author made, and it stays as it is."""
    before = value.copy()
    assert failed in _failed(Annotated[pd.DataFrame, schema], value)
    pd.testing.assert_frame_equal(value, before)


def test_a_schema_that_could_change_the_frame_and_does_not_passes() -> None:
    """Coercion to the dtype that is there already is no change."""
    check_value(Annotated[pd.DataFrame, Days], pd.DataFrame({"day": [1]}), "days")


def test_an_error_within_a_check_is_a_failed_check() -> None:
    """Its text is an example."""
    broken = pa.SeriesSchema(float, pa.Check(_nothing, name="broken"))
    (failed,) = _failed(Annotated[pd.Series, broken], pd.Series([1.0]))
    assert (failed.check, failed.rows) == ("broken", None)
    assert "no attribute 'nothing'" in failed.found[0]


@pytest.mark.parametrize(
    ("annotation", "value", "failed"),
    [
        (Sales, _frame(amount=[0.5, 1]), {"amount": "dtype int64"}),
        (Sales, _frame().drop(columns="shop"), {"shop": "required"}),
        (Sales, _frame(more=1), {"more": "not in the contract"}),
        (DataFrame[Days], pd.DataFrame({"day": ["1"]}), {"day": "dtype int64"}),
        (Annotated[pd.Series, SCORES], pd.Series([1], name="score"), {"score": "dtype float64"}),
        (Annotated[pd.DataFrame, pa.DataFrameSchema(index=pa.Index(int))],
         pd.DataFrame(index=["a"]), {"index": "dtype int64"}),
    ],
    ids=["dtype", "missing", "more", "model", "series", "index"],
)  # fmt: skip
def test_recorded_names_and_dtypes_are_held_against_the_contract(
    annotation: object, value: object, failed: dict[str, str]
) -> None:
    """Both are named: what is wanted, and what is recorded."""
    with pytest.raises(ColumnContractError) as caught:
        check_recorded(annotation, _manifest(value), "sales:latest (= sales@3)", "data")
    assert {each.column: each.check for each in caught.value.failed} == failed
    assert "parameter 'data': sales:latest (= sales@3)" in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Sales, _frame(amount=[30, -4])),
        (Annotated[pd.DataFrame, pa.DataFrameSchema(checks=pa.Check(_many))],
         _frame()),
        (Annotated[pd.DataFrame, pa.DataFrameSchema(parsers=pa.Parser(_first_off))],
         pd.DataFrame({"a": [0.5]})),
        (Annotated[pd.DataFrame,
         pa.DataFrameSchema({"a": pa.Column(int, parsers=pa.Parser(_first_off))})],
         pd.DataFrame({"a": [1]})),
        (Annotated[pd.DataFrame, pa.DataFrameSchema({"c": pa.Column("category")})],
         pd.DataFrame({"c": pd.Categorical(["a"])})),
        (Sales, pd.DataFrame(0.0, index=[0], columns=[f"column_{n}" for n in range(500)])),
        (Sales, pd.DataFrame({1.5: [1]})),
        (Annotated[pd.DataFrame | int, SALES], 5),
        (Annotated[pd.DataFrame, SALES], 5),
    ],
    ids=["values", "check", "parser", "column", "categories", "wide", "numbers", "other", "int"],
)  # fmt: skip
def test_what_a_manifest_does_not_tell_passes(annotation: object, value: object) -> None:
    """Values, categories, the names of wide frames, and what is no frame at all."""
    check_recorded(annotation, _manifest(value), "sales@1", "data")


def test_dtypes_are_rebuilt_from_the_manifest() -> None:
    """All whose dtype is recorded in full; the others are known to be unknown."""
    frame = pd.DataFrame(
        {
            "zoned": pd.date_range("2020", periods=2, tz="Europe/Berlin"),
            "time": pd.date_range("2020", periods=2),
            "span": pd.to_timedelta([1, 2]),
            "period": pd.period_range("2020", periods=2, freq="D"),
            "masked": pd.array([1, None], dtype="Int64"),
            "text": ["a", "b"],
            "flag": [True, False],
            "kind": pd.Categorical(["a", "b"]),
            "cells": pd.Series(["a", None], dtype=object),
            "arrow": pd.array([1, 2], dtype="int64[pyarrow]"),
        },
        index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["k", "l"]),
    )
    found = recorded_columns(_manifest(frame))
    assert found is not None
    assert found.unknown == {"kind", "cells", "arrow"}
    same = found.empty.dtypes == frame.dtypes
    assert set(same[~same].index) <= found.unknown
    assert found.empty.index.names == ["k", "l"]
    assert found.empty.empty


@pytest.mark.parametrize(
    "dtypes", [None, 5, [["<f8", 10**9]], [["<f8"]], [["odd", 1]], [[["odd"], 1]]]
)
def test_a_forged_manifest_tells_nothing(dtypes: Any) -> None:
    """And makes nothing large."""
    forged = _manifest(_frame()).model_copy(update={"schema_": {"dtypes": dtypes, "labels": {}}})
    assert recorded_columns(forged) is None


@pytest.mark.parametrize(
    ("annotation", "problem"),
    [
        (Annotated[int, SALES], "parameter 'data' has a column contract for a pandas.DataFrame"),
        (Annotated[pd.Series, SALES], "but takes pandas.Series"),
        (Annotated[pd.DataFrame, SCORES], "contract for a pandas.Series but takes"),
        (list[Annotated[int, Days]], "but takes int"),
        (set[DataFrame[Days]], "inside of set"),
        (Annotated[pd.DataFrame, pa.Column(int)], "Column is no schema of a pandas frame"),
        (DataFrame[int], "builtins.int is no schema"),
    ],
    ids=["int", "series", "frame", "list", "set", "column", "model"],
)
def test_a_contract_that_could_never_be_checked_is_refused_at_once(
    annotation: Any, problem: str
) -> None:
    """As the function is decorated."""

    def made(data):  # type: ignore[no-untyped-def]  # annotated below
        """A step."""

    made.__annotations__ = {"data": annotation}
    with pytest.raises(DefinitionError, match=problem):
        step(made)


def test_a_contract_inside_of_an_output_is_refused() -> None:
    """No list of frames is ever published."""
    with pytest.raises(DefinitionError, match=r"output 'output' has .* inside of list"):

        @step
        def made() -> list[Annotated[pd.DataFrame, SALES]]:
            """A step."""
            return []


def test_an_annotation_without_its_contracts_keeps_all_else() -> None:
    """Pydantic would ask pandera's schemas for a check of their own."""
    annotation = Annotated[pd.DataFrame | None, "sales", SALES]
    assert without_contracts(annotation) == Annotated[pd.DataFrame | None, "sales"]
    assert without_contracts(list[Sales]) == list[pd.DataFrame]
    assert without_contracts(DataFrame[Days] | None) == pd.DataFrame | None
    assert without_contracts(Listed[Sales]) == list[pd.DataFrame]
    assert without_contracts(Annotated[int, "x"]) == Annotated[int, "x"]
    assert without_contracts(dict[str, int]) == dict[str, int]


def test_raincheck_does_not_import_pandera() -> None:
    """Only who writes a schema needs it."""
    code = """
import sys
import raincheck
from raincheck.columns import check_value
check_value(list[int], [], "a")
print([name for name in sys.modules if name.startswith(("pandera", "pandas"))])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
