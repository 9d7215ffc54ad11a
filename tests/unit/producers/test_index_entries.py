import pytest

from raincheck.index.entries import (
    MAX_METADATA_BYTES,
    MAX_METADATA_KEYS,
    ForeignMetadata,
    NewVersion,
    entry_arguments,
)
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import InvalidWriteError
from tests.support.builders import new_version, record


@pytest.mark.parametrize(
    ("value", "raw", "number"),
    [
        (0.1, "0.1", "0.1"),
        (2, "2", "2.0"),
        (-(2**53) - 1, "-9007199254740993", "-9007199254740992.0"),
        (10**400, "1" + "0" * 400, ""),
        (True, "true", ""),
        ("0.1", '"0.1"', ""),
        (None, "null", ""),
        ([1], "[1]", ""),
        ({"b": 1, "a": []}, '{"a":[],"b":1}', ""),
    ],
)
def test_a_metadata_value_is_sent_as_json_and_as_a_number_when_it_is_one(
    value: JsonValue, raw: str, number: str
) -> None:
    """Numbers that no double holds are kept and not ranked; true is no number."""
    assert entry_arguments({"x": value}) == [1, "x", raw, number]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], "\ud800"])
def test_a_value_that_json_cannot_carry_is_refused(value: JsonValue) -> None:
    """The error names the key."""
    with pytest.raises(InvalidWriteError, match="metadata 'loss'"):
        entry_arguments({"fine": 1, "loss": value})


def test_the_size_of_a_value_is_counted_in_bytes() -> None:
    """As much as the limit is taken, one byte more is not."""
    entry_arguments({"x": "y" * (MAX_METADATA_BYTES - 2)})
    with pytest.raises(InvalidWriteError, match=f"{MAX_METADATA_BYTES + 1} bytes"):
        entry_arguments({"x": "y" * (MAX_METADATA_BYTES - 1)})
    with pytest.raises(InvalidWriteError, match="publish large values as artifacts"):
        entry_arguments({"x": "€" * (MAX_METADATA_BYTES // 2)})


def test_a_call_takes_so_many_keys() -> None:
    """The index ranks each number."""
    keys: dict[str, JsonValue] = {f"k{i}": i for i in range(MAX_METADATA_KEYS)}
    assert entry_arguments(keys)[0] == MAX_METADATA_KEYS
    with pytest.raises(InvalidWriteError, match="65 metadata keys"):
        entry_arguments({**keys, "more": 1})


@pytest.mark.parametrize("key", ["", "a\x1fb", "a\nb", "x" * 129])
def test_a_key_that_no_reference_could_name_is_refused(key: str) -> None:
    """Control characters separate the fields of a call."""
    with pytest.raises(InvalidWriteError, match="metadata key"):
        entry_arguments({key: 1})


def test_a_version_is_sent_in_the_order_in_which_lua_reads_it() -> None:
    """Output, artifact, version, record, inline, tags, metadata."""
    new = new_version("model", "beta", output="m", tags=("a", "b"), metadata={"x": 1})
    assert new.arguments() == [
        "m",
        "model",
        "beta",
        record().canonical_json(),
        "1",
        b"1.5",
        2,
        "a",
        "b",
        1,
        "x",
        "1",
        "1.0",
    ]


def test_empty_bytes_are_not_the_same_as_none() -> None:
    """A value of no bytes is kept inline; without inline bytes the value is a blob."""
    empty = NewVersion(artifact="model", record=record(), inline=b"").arguments()
    none = NewVersion(artifact="model", record=record()).arguments()
    assert (empty[4:6], none[4:6]) == (["1", b""], ["0", b""])


@pytest.mark.parametrize(
    "new",
    [
        NewVersion(artifact="Model", record=record()),
        NewVersion(artifact="model", version="a b", record=record()),
        NewVersion(artifact="model", tags=("fine", "a:b"), record=record()),
    ],
)
def test_a_name_that_is_none_is_refused(new: NewVersion) -> None:
    """Keys are built from names."""
    with pytest.raises(InvalidWriteError, match="does not match"):
        new.arguments()


def test_foreign_metadata_names_its_version_first() -> None:
    """Then the entries, as with a publication."""
    foreign = ForeignMetadata(artifact="model", version="1", metadata={"x": "y"})
    assert foreign.arguments() == ["model", "1", 1, "x", '"y"', ""]
