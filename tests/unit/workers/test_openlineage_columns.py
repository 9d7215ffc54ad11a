"""The columns of a frame, as its manifest records them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from raincheck import Deployment
from raincheck_workers.telemetry.openlineage.columns import columns_of, rows_of

_ZONED = pd.to_datetime(["2026-01-01"]).tz_localize("UTC")


def _schema(deployment: Deployment, value: Any) -> Any:
    return deployment.store.prepare(value, "x", origin=None).record.manifest.schema_


@pytest.mark.parametrize(
    ("value", "columns", "rows"),
    [
        (pd.DataFrame({"a": [1, 2], "b": [0.5, 1]}), [("a", "int64"), ("b", "float64")], 2),
        (pd.DataFrame({"at": _ZONED}), [("at", "datetime64")], 1),
        (pd.DataFrame({"kind": pd.Categorical(["x"])}), [("kind", "category")], 1),
        (pd.DataFrame({"word": ["x"]}), [("word", "string")], 1),
        (pd.DataFrame({1: [1]}), [], 1),  # no text: only the bytes have them
        (pd.DataFrame({f"c{i}": [1] for i in range(5_000)}), [], 1),  # too wide to be recorded
        (pd.Series([1, 2, 3], name="s"), [("s", "int64")], 3),
        (pd.Series([True]), [("", "bool")], 1),
        (np.zeros((3, 2)), [], None),
        (1.5, [], None),
    ],
)
def test_columns_are_told_where_they_are_recorded(
    deployment: Deployment, value: Any, columns: list[tuple[str, str]], rows: int | None
) -> None:
    """With numpy's and pandas' names of types."""
    schema = _schema(deployment, value)
    assert columns_of(schema) == columns
    assert rows_of(schema) == rows


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"dtypes": 7, "labels": {"kind": "text", "labels": ["a"]}},
        {"dtypes": [["<f8", 1], 3], "labels": {"kind": "text", "labels": ["a", "b"]}},
        {"dtypes": [["<f8", 2]], "labels": {"kind": "text", "labels": ["a"]}},
        {"rows": "many", "dtypes": [], "name": "x"},
    ],
)
def test_what_another_release_has_written_otherwise_is_no_error(schema: dict[str, Any]) -> None:
    """Then there are none."""
    assert columns_of(schema) == []
    assert rows_of(schema) is None


def test_a_type_that_nobody_knows_is_told_as_it_is_written() -> None:
    """Rather than not at all."""
    assert columns_of({"dtypes": [["odd", 1]], "name": "x"}) == [("x", "odd")]
