"""Metadata of a version that exists, read as a lazy handle is."""

import pytest

from raincheck.client.metadata_view import MetadataValue, RunMetadata
from raincheck_contracts._base import JsonValue

METADATA = RunMetadata("model@1", {"MSE": 0.25, "scores": {"per_class": [1, 2, 3]}})


def test_a_value_is_read_with_and_without_its_attribute() -> None:
    """`["MSE"]` compares like its value; `.value` is the value itself."""
    assert METADATA["MSE"] == 0.25
    assert METADATA["MSE"].value == 0.25
    assert METADATA["scores"]["per_class"][2].value == 3
    assert METADATA["MSE"] == MetadataValue(0.25)
    assert METADATA["MSE"] != 0.5


def test_the_metadata_is_a_mapping() -> None:
    """With length, keys and membership."""
    assert list(METADATA) == ["MSE", "scores"]
    assert len(METADATA) == 2
    assert "MSE" in METADATA
    assert "RMSE" not in METADATA


def test_a_key_that_is_not_there_is_named_with_those_that_are() -> None:
    """And with the version."""
    with pytest.raises(KeyError, match=r"model@1 has no metadata 'RMSE'; it has MSE, scores"):
        METADATA["RMSE"]


@pytest.mark.parametrize("key", [3, -1, True, "1"])
def test_a_position_is_counted_from_the_start(key: int | str) -> None:
    """A lazy handle has no position from the end either."""
    with pytest.raises(KeyError):
        METADATA["scores"]["per_class"][key]


def test_nothing_is_below_a_number() -> None:
    """It has no keys."""
    with pytest.raises(KeyError):
        METADATA["MSE"]["x"]


def test_equal_values_have_equal_hashes() -> None:
    """Whatever way their numbers are written."""
    pairs: list[tuple[JsonValue, JsonValue]] = [
        (1, 1.0),
        ([1], [1.0]),
        ({"a": 1}, {"a": 1.0}),
        (None, None),
    ]
    for left, right in pairs:
        assert MetadataValue(left) == MetadataValue(right)
        assert len({MetadataValue(left), MetadataValue(right)}) == 1


def test_its_form_shows_the_value() -> None:
    """For those who look at it."""
    assert repr(METADATA["MSE"]) == "MetadataValue(0.25)"
