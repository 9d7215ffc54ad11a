"""The one text form of contracts, and the small rules of the shapes."""

import json

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from raincheck_contracts._base import canonical_json
from raincheck_contracts.artifacts import Manifest, Part
from raincheck_contracts.events import event_from_entry
from raincheck_contracts.messages import StepTask
from raincheck_contracts.pipelines import (
    DictInput,
    ListInput,
    OutputInput,
    ReferenceInput,
    StepSpec,
    ValueInput,
    needs_of,
)
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReason, MissingReference, RunStatus

NEWEST = ReferenceInput(reference=parse_reference("model"))
ERROR = ReferenceInput(reference=parse_reference("model#/MSE"))


def test_a_message_leaves_defaults_out_and_tags_in() -> None:
    """A person reading the queue sees what matters, and which contract it is."""
    task = StepTask(
        namespace="default",
        run="r1",
        pipeline="p",
        step=StepSpec(name="s", function="m:s", inputs={"x": NEWEST}),
    )
    shown = json.loads(task.canonical_json())
    assert shown["contract"] == 1
    assert shown["step"] == {
        "name": "s",
        "function": "m:s",
        "inputs": {
            "x": {
                "kind": "reference",
                "reference": {"artifact": "model", "selector": {"by": "latest"}},
            }
        },
    }


def test_contracts_survive_their_text_form() -> None:
    """Reading the text form gives an equal value, dicts in their own order."""
    step = StepSpec(
        name="s",
        function="m:s",
        inputs={
            "list": ListInput(items=(NEWEST, ValueInput(value=None)), tuple_=True),
            "dict": DictInput(items={"z": ERROR, "a": OutputInput(step="t", output="o")}),
            "plain": ValueInput(value={"z": 1, "a": [True, None, 0.1, "é"]}),
        },
    )
    again = StepSpec.model_validate_json(step.canonical_json())
    assert again == step
    assert again.canonical_json() == step.canonical_json()
    assert isinstance(again.inputs["dict"], DictInput)
    assert list(again.inputs["dict"].items) == ["z", "a"]


def test_needs_are_listed_once_in_reading_order() -> None:
    """A reference that two parameters share is bound once."""
    step = StepSpec(
        name="s",
        function="m:s",
        inputs={"a": ListInput(items=(ERROR, NEWEST)), "b": NEWEST, "c": ValueInput(value=1)},
    )
    assert needs_of(step) == [ERROR, NEWEST]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_canonical_json_refuses_what_json_cannot_carry(value: object) -> None:
    """NaN and infinities never reach the wire."""
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(value)  # type: ignore[arg-type]  # what the test is about


def test_canonical_json_of_equal_values_is_equal() -> None:
    """The order in which keys were written does not matter for metadata."""
    assert canonical_json({"b": 1, "a": [1.0, "é"]}) == '{"a":[1.0,"é"],"b":1}'


def test_a_manifest_counts_all_its_parts() -> None:
    """Its size is that of the parts together."""
    digest = "b3:" + "0" * 64
    parts = tuple(
        Part(name=name, media_type="x/y", digest=digest, size=size)
        for name, size in (("a", 2), ("b", 3))
    )
    assert Manifest(type="t", materializer="m@1", parts=parts).size == 5


def test_an_event_entry_becomes_a_cloud_event() -> None:
    """The flat fields of the stream get CloudEvents' attributes."""
    entry = {"k": "alias", "t": "1700000000000", "a": "m", "v": "2", "n": "prod", "p": "1"}
    event = event_from_entry("default", "7-1", entry)
    shown = json.loads(event.model_dump_json())
    assert shown["specversion"] == "1.0"
    assert shown["type"] == "raincheck.alias_moved.v1"
    assert (shown["id"], shown["source"], shown["subject"]) == ("7-1", "raincheck/default", "m@2")
    assert shown["data"] == {"artifact": "m", "alias": "prod", "version": "2", "previous": "1"}
    assert shown["time"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    "entry",
    [
        {"k": "published", "a": "m", "v": "2", "s": "2", "r": "0" * 32, "d": "1"},
        {"k": "alias", "a": "m", "v": "2", "n": "prod"},
        {"k": "tag", "a": "m", "v": "2", "s": "2", "n": "small"},
        {"k": "metadata", "a": "m", "v": "2", "s": "2", "n": "MSE"},
        {"k": "finished", "r": "0" * 32, "w": "train", "o": "failed", "d": "0"},
        {"k": "reopened", "e": "f" * 16},
    ],
    ids=lambda entry: entry["k"],
)
def test_the_official_sdk_reads_each_kind_of_event(entry: dict[str, str]) -> None:
    """With all that CloudEvents asks for, and the data of ours."""
    event = event_from_entry("default", "7-1", {"t": "1700000000123", **entry})
    read = JSONFormat().read(CloudEvent, event.model_dump_json())
    assert (read.get_specversion(), read.get_id()) == ("1.0", "7-1")
    assert (read.get_type(), read.get_source()) == (event.type, "raincheck/default")
    assert (read.get_subject(), read.get_time()) == (event.subject, event.time)
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == event.data.model_dump(mode="json")
    standard = {"specversion", "id", "type", "source", "subject", "time", "datacontenttype"}
    assert set(read.get_attributes()) == standard


@pytest.mark.parametrize("entry", [{"t": "1"}, {"k": "published", "t": "1", "a": "m"}])
def test_an_entry_that_the_index_does_not_write_is_refused(entry: dict[str, str]) -> None:
    """An unknown kind and a missing field are errors, not half an event."""
    with pytest.raises(ValidationError):
        event_from_entry("default", "1-1", entry)


def test_the_final_states_are_three() -> None:
    """Only these cannot change any more."""
    assert {status for status in RunStatus if status.final} == {"succeeded", "failed", "cancelled"}


def test_each_missing_reason_reads_differently() -> None:
    """Artifact, version, alias and metadata key unknown are four different sentences."""
    texts = {str(MissingReference(reference="m@7#/MSE", reason=reason)) for reason in MissingReason}
    assert len(texts) == len(MissingReason)
    shown = str(MissingReference(reference="m@7", reason=MissingReason.VERSION_UNKNOWN))
    assert shown == "m@7: 'm' has no version '7' yet"
