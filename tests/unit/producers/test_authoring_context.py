import datetime as dt
import decimal
import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

from raincheck.authoring import (
    StagedMetadata,
    StepContext,
    active_step_context,
    get_step_context,
    step_context,
)
from raincheck_contracts.errors import (
    ArgumentError,
    MetadataConflictError,
    NoContextError,
    UnsupportedValueError,
    VersionExistsError,
)
from raincheck_contracts.pipelines import OutputSpec


def context(*outputs: tuple[str, str]) -> StepContext:
    """A context of a step with these outputs, each a name and an artifact."""
    specs = tuple(OutputSpec(name=name, artifact=artifact) for name, artifact in outputs)
    return StepContext("run-1", "nightly", "train", 1, outputs=specs)


def one_output() -> StepContext:
    """A context of a step with one unnamed output."""
    return context(("output", "nightly.train.output"))


def test_a_step_finds_its_context() -> None:
    """Within the block the context is the running step's, afterwards the one before."""
    outer, inner = one_output(), one_output()
    with step_context(outer):
        with step_context(inner):
            assert get_step_context() is inner
        assert get_step_context() is outer
        assert active_step_context() is outer
    assert active_step_context() is None


def test_outside_of_a_step_there_is_no_context() -> None:
    """The error names the call that belongs into a step."""
    with pytest.raises(NoContextError, match=r"get_step_context\(\) works only inside"):
        get_step_context()


def test_the_context_is_left_when_the_step_raises() -> None:
    """A failed step leaves no context behind."""
    with pytest.raises(ZeroDivisionError), step_context(one_output()):
        raise ZeroDivisionError
    assert active_step_context() is None


def test_two_threads_have_two_contexts() -> None:
    """Workers that run steps in threads keep them apart."""
    seen: list[StepContext | None] = []
    with step_context(one_output()):
        thread = threading.Thread(target=lambda: seen.append(active_step_context()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_metadata_without_a_name_belongs_to_the_only_output() -> None:
    """A step with one output needs no name."""
    made = one_output()
    made.stage_metadata({"MSE": 0.5})
    made.stage_metadata({"rows": 10, "per_class": {"a": [1, 2]}})
    assert made.staged_metadata == {"output": {"MSE": 0.5, "rows": 10, "per_class": {"a": [1, 2]}}}


@pytest.mark.parametrize("outputs", [(), (("x", "x"), ("y", "y"))], ids=["none", "two"])
def test_metadata_without_a_name_needs_exactly_one_output(
    outputs: tuple[tuple[str, str], ...],
) -> None:
    """With no or several outputs the error asks for the name."""
    with pytest.raises(ArgumentError, match='artifact="name"'):
        context(*outputs).stage_metadata({"MSE": 0.5})


@pytest.mark.parametrize("name", ["output", "nightly.train.output"])
def test_an_output_is_named_by_itself_or_by_its_artifact(name: str) -> None:
    """Both names are known to the author."""
    made = one_output()
    made.stage_metadata({"MSE": 0.5}, name)
    assert made.staged_metadata == {"output": {"MSE": 0.5}}


def test_the_outputs_own_name_comes_first() -> None:
    """Where one output's name is another's artifact, the output's own name wins."""
    made = context(("a", "b"), ("b", "c"))
    made.stage_metadata({"MSE": 0.5}, "b")
    assert made.staged_metadata == {"b": {"MSE": 0.5}}


def test_metadata_of_a_saved_artifact_stays_with_it() -> None:
    """What the step saved beside its outputs can be annotated by name."""
    made = one_output()
    staged = made.stage_artifact([1], "checkpoint", metadata={"epoch": 1}, tags=["early"])
    made.stage_metadata({"loss": 0.5}, "checkpoint")
    assert staged.metadata == {"epoch": 1, "loss": 0.5}
    assert (staged.version, staged.tags, staged.title) == (None, ("early",), "checkpoint")
    assert made.staged_artifacts == [staged]
    assert made.staged_metadata == {}


def test_of_several_saved_versions_one_is_named() -> None:
    """Two versions of one artifact are told apart by the names that the step gave them."""
    made = one_output()
    first = made.stage_artifact([1], "checkpoint", "epoch-1")
    second = made.stage_artifact([2], "checkpoint", "epoch-2")
    with pytest.raises(ArgumentError, match="saved 2 versions of 'checkpoint'"):
        made.stage_metadata({"loss": 0.5}, "checkpoint")
    made.stage_metadata({"loss": 0.5}, "checkpoint", "epoch-2")
    assert (first.metadata, second.metadata) == ({}, {"loss": 0.5})
    assert made.staged_foreign_metadata == []


def test_a_version_is_saved_once_by_a_step() -> None:
    """The same name twice is refused before anything is written."""
    made = one_output()
    made.stage_artifact(1, "checkpoint", "final")
    with pytest.raises(VersionExistsError, match="checkpoint@final"):
        made.stage_artifact(2, "checkpoint", "final")
    made.stage_artifact(2, "checkpoint")
    made.stage_artifact(3, "checkpoint")
    assert [staged.value for staged in made.staged_artifacts] == [1, 2, 3]


def test_metadata_of_another_version_is_staged_too() -> None:
    """It is written when the step completes, and repeated entries once."""
    made = one_output()
    made.stage_metadata({"MSE": 0.5}, "trained_model", "7")
    made.stage_metadata({"MSE": 0.5, "MAE": 1}, "trained_model", "7")
    made.stage_metadata({"MSE": 0.7}, "trained_model", "8")
    assert made.staged_foreign_metadata == [
        StagedMetadata("trained_model", "7", "MSE", 0.5),
        StagedMetadata("trained_model", "7", "MAE", 1),
        StagedMetadata("trained_model", "8", "MSE", 0.7),
    ]


def test_a_name_that_is_not_the_steps_needs_a_version() -> None:
    """The error lists what the step has."""
    with pytest.raises(ArgumentError, match=r"no output of step 'train' \(it has 'output'\)"):
        one_output().stage_metadata({"MSE": 0.5}, "outputs")
    with pytest.raises(ArgumentError, match=r"it has none"):
        context().stage_metadata({"MSE": 0.5}, "outputs")


def test_a_version_without_an_artifact_is_refused() -> None:
    """A version is a version of something."""
    with pytest.raises(ArgumentError, match="version='7' says nothing without an artifact"):
        one_output().stage_metadata({"MSE": 0.5}, version="7")


@pytest.mark.parametrize("target", [(), ("checkpoint",), ("trained_model", "7")], ids=repr)
def test_a_key_has_one_value(target: tuple[str, ...]) -> None:
    """An equal entry may be repeated; another value is refused with both, and adds nothing."""
    made = one_output()
    made.stage_artifact(1, "checkpoint")
    made.stage_metadata({"MSE": 0.5}, *target)
    made.stage_metadata({"MSE": 0.5}, *target)
    with pytest.raises(MetadataConflictError) as raised:
        made.stage_metadata({"MAE": 1, "MSE": 0.25}, *target)
    assert (raised.value.key, raised.value.old, raised.value.new) == ("MSE", "0.5", "0.25")
    made.stage_metadata({"MAE": 2}, *target)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),  # noqa: FBT003 - numpy's constructor
        (np.str_("text"), "text"),
        ([np.float64(0.5), {"a": np.int8(1)}], [0.5, {"a": 1}]),
    ],
    ids=repr,
)
def test_numpy_scalars_become_python_numbers(value: object, expected: object) -> None:
    """Metrics of scikit-learn are numpy scalars; their value is kept."""
    made = one_output()
    made.stage_metadata({"metric": value})
    kept: Any = made.staged_metadata["output"]["metric"]
    assert kept == expected
    assert type(kept) is type(expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), r"metadata\['metric'\]: JSON has no nan"),
        (np.float64("inf"), "JSON has no inf"),
        ([1, float("nan")], r"metadata\['metric'\]\[1\]: JSON has no nan"),
        ({"a": {"b": (1, 2)}}, r"metadata\['metric'\]\['a'\]\['b'\]: tuple"),
        ({1: 2}, "the key 1 is int"),
        (np.zeros(2), "numpy.ndarray is not a JSON type"),
        (np.datetime64("2026-01-01"), r"datetime.date is not a JSON type. .*isoformat\(\)"),
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), r"Log its text: value.isoformat\(\)"),
        (pd.Timestamp("2026"), r"pandas.* is not a JSON type. .*isoformat\(\)"),
        (dt.timedelta(1), r"Log value.total_seconds\(\)"),
        (decimal.Decimal("0.1"), r"Log float\(value\), or the exact str\(value\)"),
        ({1}, r"set is not a JSON type. Log a list"),
        (b"bytes", "bytes is not a JSON type. .* 16384 bytes a key: keep .* save_artifact"),
        (bytearray(2), "keep the value as an artifact"),
        (np.bytes_(b"x"), "keep the value as an artifact"),
        (np.zeros(2), "keep the value as an artifact"),
        (pd.DataFrame(), "pandas.DataFrame is not .* keep the value as an artifact"),
        ([pd.Series([1])], r"metadata\['metric'\]\[0\]: pandas.Series"),
        (1 + 2j, "complex is not a JSON type"),
        (pd.NaT, "is not a JSON type"),
        ("x" * 16_383, "it is 16385 bytes of JSON, over 16384. .* keep the value as an artifact"),
        (["é" * 10_000], "it is 20004 bytes"),
    ],
    ids=lambda value: f"{value!r:.40}",
)
def test_metadata_that_json_would_change_is_refused(value: object, message: str) -> None:
    """The error names the key and the place within the value, and nothing is staged."""
    made = one_output()
    with pytest.raises(UnsupportedValueError, match=message):
        made.stage_metadata({"good": 1, "metric": value})
    assert made.staged_metadata == {}


@pytest.mark.parametrize("key", ["", "x" * 129, "a\nb", "MSE\n", 3], ids=repr)
def test_a_metadata_key_that_cannot_be_one_is_refused(key: Any) -> None:
    """Keys are text without control characters, of bounded length."""
    with pytest.raises(UnsupportedValueError, match="it cannot be a key"):
        one_output().stage_metadata({key: 1})


def test_metadata_of_the_largest_size_is_kept() -> None:
    """64 keys at once, and 16 KiB of JSON in a key."""
    one_output().stage_metadata({f"k{n}": n for n in range(64)} | {"k0": "x" * 16_382})
    with pytest.raises(UnsupportedValueError, match="65 keys at once, over 64"):
        one_output().stage_metadata({f"k{n}": n for n in range(65)})


def test_staged_metadata_is_a_copy() -> None:
    """Later changes of the argument are not logged."""
    made, given = one_output(), {"list": [1]}
    made.stage_metadata(given)
    given["list"].append(2)
    assert made.staged_metadata == {"output": {"list": [1]}}


@pytest.mark.parametrize(
    ("name", "version", "tags"),
    [
        ("Checkpoint", None, ()),
        ("a b", None, ()),
        ("checkpoint", "a b", ()),
        ("checkpoint", "v\n", ()),
        ("checkpoint", None, ("a b",)),
        (3, None, ()),
    ],
    ids=repr,
)
def test_a_saved_artifact_needs_valid_names(name: Any, version: Any, tags: Any) -> None:
    """Names are checked where they are given, not when the step completes."""
    made = one_output()
    with pytest.raises(ArgumentError, match="cannot be one"):
        made.stage_artifact(1, name, version, tags=tags)
    assert made.staged_artifacts == []


def test_metadata_of_another_version_needs_valid_names() -> None:
    """A version that cannot exist is refused at once."""
    with pytest.raises(ArgumentError, match="name 'A B' cannot be one"):
        one_output().stage_metadata({"MSE": 1}, "A B", "1")
    with pytest.raises(ArgumentError, match="version 'a b' cannot be one"):
        one_output().stage_metadata({"MSE": 1}, "trained_model", "a b")
