import copy
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from raincheck.authoring.lazy import (
    LazyArtifactVersion,
    LazyMetadata,
    OutputHandle,
    StepHandle,
    lazy_artifact_version,
)
from raincheck.authoring.refusals import REFUSED, Unresolved, subject_of
from raincheck_contracts.errors import ReferenceSyntaxError, UnresolvedReferenceError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference

LATEST = Reference(artifact="trained_model")


def model() -> LazyArtifactVersion:
    """The handle for a version."""
    return lazy_artifact_version(LATEST)


def metric() -> LazyMetadata:
    """The handle for an entry of its metadata."""
    return model().run_metadata["MSE"]


HANDLES: dict[str, Callable[[], Unresolved]] = {
    "trained_model:latest": model,
    "trained_model:latest#/MSE": metric,
    "the metadata of trained_model:latest": lambda: model().run_metadata,
    "step 'train'": lambda: StepHandle(object(), "train"),
    "output 'output' of step 'train'": lambda: OutputHandle(object(), "train", "output"),
}
every_handle = pytest.mark.parametrize("subject", HANDLES)


def set_item(handle: Any) -> None:
    """Set an item."""
    handle["key"] = 1


def set_attribute(handle: Any) -> None:
    """Set an attribute."""
    handle.anything = 1


def delete_item(handle: Any) -> None:
    """Delete an item."""
    del handle["key"]


def delete_attribute(handle: Any) -> None:
    """Delete an attribute."""
    del handle.anything


def unpack(handle: Any) -> None:
    """Unpack into two names."""
    _first, _second = handle


def enter(handle: Any) -> None:
    """Use in a with statement."""
    with handle:
        pass


def branch(handle: Any) -> None:
    """Use as a condition."""
    if handle:
        pass


OPERATIONS: dict[str, Callable[[Any], object]] = {
    "if": branch,
    "not": operator.not_,
    "== other": lambda handle: handle == model(),
    "== itself": lambda handle: handle == handle,  # noqa: PLR0124 - what is tested
    "== number": lambda handle: handle == 0.5,
    "number ==": lambda handle: 0.5 == handle,  # noqa: SIM300 - what is tested
    "!=": lambda handle: handle != 0.5,
    "<": lambda handle: handle < 0.5,
    "reflected <": lambda handle: 0.5 < handle,  # noqa: SIM300 - what is tested
    "<=": lambda handle: handle <= 0.5,
    ">": lambda handle: handle > 0.5,
    ">=": lambda handle: handle >= 0.5,
    "max": lambda handle: max(handle, 1),
    "sorted": lambda handle: sorted([1, handle]),
    "len": len,
    "iter": iter,
    "list": list,
    "unpack": unpack,
    "star": lambda handle: max(*handle),
    "reversed": reversed,
    "in": lambda handle: 1 in handle,
    "in a list of others": lambda handle: handle in [1, 2],
    "call": lambda handle: handle(),
    "with": enter,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "range": range,
    "round": round,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "str": str,
    "f-string": lambda handle: f"{handle}",
    "f-string with a format": lambda handle: f"{handle:.3f}",
    "percent": lambda handle: "%s" % handle,  # noqa: UP031 - what is tested
    "str.format": "{}".format,
    "concatenate": lambda handle: "MSE: " + handle,
    "bytes": bytes,
    "open": open,
    "+": lambda handle: handle + 1,
    "reflected +": lambda handle: 1 + handle,
    "-": lambda handle: handle - 1,
    "*": lambda handle: handle * 2,
    "/": lambda handle: 1 / handle,
    "//": lambda handle: handle // 2,
    "%": lambda handle: handle % 2,
    "**": lambda handle: handle**2,
    "@": lambda handle: handle @ handle,
    "divmod": lambda handle: divmod(handle, 2),
    "<<": lambda handle: handle << 1,
    ">>": lambda handle: handle >> 1,
    "&": lambda handle: handle & 1,
    "|": lambda handle: handle | {},
    "^": lambda handle: handle ^ 1,
    "negative": operator.neg,
    "positive": operator.pos,
    "invert": operator.invert,
    "abs": abs,
    "sum": lambda handle: sum([handle]),
    "sqrt": math.sqrt,
    "public attribute": lambda handle: handle.predict,
    "hasattr": lambda handle: hasattr(handle, "shape"),
    "set attribute": set_attribute,
    "delete attribute": delete_attribute,
    "set item": set_item,
    "delete item": delete_item,
    "slice": lambda handle: handle[1:],
    "np.asarray": np.asarray,
    "np.array == handle": lambda handle: np.array([1.0]) == handle,
    "np.float64 + handle": lambda handle: np.float64(1) + handle,
    "np.sqrt": np.sqrt,
    "np.mean": np.mean,
    "pd.Series": pd.Series,
    "frame == handle": lambda handle: pd.DataFrame({"a": [1]}) == handle,
    "frame.assign": lambda handle: pd.DataFrame({"a": [1]}).assign(b=handle),
    "pickle": pickle.dumps,
}


@every_handle
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_that_needs_the_value_is_refused(subject: str, operation: str) -> None:
    """Every operation that needs the value raises an error that names the handle."""
    with pytest.raises(UnresolvedReferenceError) as raised:
        OPERATIONS[operation](HANDLES[subject]())
    assert raised.value.reference == subject
    assert "Move the expression into a step" in str(raised.value)


@pytest.mark.parametrize("method", REFUSED)
def test_every_special_method_of_the_table_is_refused(method: str) -> None:
    """The error says in words what was tried, for each special method of the table."""
    handle = OutputHandle(object(), "train", "output")
    with pytest.raises(UnresolvedReferenceError) as raised:
        getattr(OutputHandle, method)(handle)
    assert raised.value.operation == REFUSED[method]


@pytest.mark.parametrize("attribute", ["load", "digest", "version", "metadata"])
def test_what_an_eager_version_has_is_refused_on_a_lazy_one(attribute: str) -> None:
    """Digest, version name and value of a lazy version are not known yet."""
    with pytest.raises(UnresolvedReferenceError, match=rf"reading \.{attribute}"):
        getattr(model(), attribute)


def test_a_refusal_is_a_type_error() -> None:
    """Code that asks by try and except TypeError sees an unresolved handle as no value."""
    with pytest.raises(TypeError, match="trained_model:latest#/MSE is not resolved yet"):
        float(metric())  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - refused at run time too


@every_handle
def test_repr_shows_the_subject(subject: str) -> None:
    """`repr` never raises and shows what the handle stands for."""
    handle = HANDLES[subject]()
    assert repr(handle) == f"<unresolved {subject}>"
    assert subject_of(handle) == subject


def test_repr_of_a_half_made_handle_does_not_raise() -> None:
    """A debugger may look at a handle before its constructor has run."""
    assert repr(object.__new__(LazyMetadata)) == "<unresolved ?>"


@every_handle
def test_a_handle_works_as_a_key(subject: str) -> None:
    """Handles can be kept in dicts and sets, by identity."""
    handle, twin = HANDLES[subject](), HANDLES[subject]()
    assert {handle: 1}[handle] == 1
    assert len({handle, twin}) == 2
    assert handle in {handle, 1}
    assert handle in [handle, 1]


@every_handle
def test_a_copy_is_the_handle_itself(subject: str) -> None:
    """Copying a structure that holds handles keeps them usable."""
    handle = HANDLES[subject]()
    assert copy.copy(handle) is handle
    assert copy.deepcopy({"a": [handle]})["a"][0] is handle


@every_handle
def test_private_attributes_get_the_ordinary_answer(subject: str) -> None:
    """Libraries that ask by underscore names what an object is are told no."""
    handle = HANDLES[subject]()
    assert not hasattr(handle, "__dataframe__")
    assert not hasattr(handle, "_repr_html_")
    assert not hasattr(handle, "__dict__")


def test_value_is_the_same_reference() -> None:
    """`.run_metadata["MSE"]` and `.run_metadata["MSE"].value` mean one reference."""
    handle = metric()
    assert handle.value is handle
    assert handle.same_reference(metric().value)
    version = model()
    assert version.value is version


def test_metadata_nests_by_key_and_position() -> None:
    """Keys of nested objects and positions in lists become tokens of the pointer."""
    nested = model().run_metadata["per/class"]["~a"][0]
    assert nested.reference.pointer == "/per~1class/~0a/0"
    assert nested.reference.pointer_tokens == ("per/class", "~a", "0")


def test_the_wait_of_a_version_holds_for_its_metadata() -> None:
    """A metadata reference waits as long as the version it is taken from."""
    waiting = Reference(artifact="trained_model", wait=5.0)
    assert lazy_artifact_version(waiting).run_metadata["MSE"].reference.wait == 5.0


@pytest.mark.parametrize("key", [-1, True, 1.5, slice(1), None])
def test_an_entry_that_no_pointer_can_name_is_refused(key: Any) -> None:
    """Positions from the end, slices and other keys cannot be written as a pointer."""
    with pytest.raises(UnresolvedReferenceError, match="indexing with"):
        metric()[key]


def test_run_metadata_takes_only_text_keys() -> None:
    """The metadata of a version is an object: its keys are str."""
    with pytest.raises(UnresolvedReferenceError, match="indexing with 0"):
        model().run_metadata[0]  # type: ignore[index] # pyright: ignore[reportArgumentType] - refused at run time too


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 129, "MSE\n", "\ud800"])
def test_a_key_that_can_never_exist_is_refused(key: str) -> None:
    """A key that no publisher could log is an error when it is written down."""
    with pytest.raises(ReferenceSyntaxError, match="trained_model:latest"):
        model().run_metadata[key]


def test_a_nested_key_with_control_characters_is_refused() -> None:
    """The pointer of a reference holds no control characters at any depth."""
    with pytest.raises(ReferenceSyntaxError):
        metric()["a\x00"]


def test_same_reference_compares_what_is_referred_to() -> None:
    """Two handles made apart are the same reference if and only if their data is equal."""
    assert model().same_reference(model())
    assert not model().same_reference(metric())
    assert not model().same_reference(lazy_artifact_version(parse_reference("trained_model@42")))
    assert not model().same_reference("trained_model:latest")


def test_the_contract_reference_compares_normally() -> None:
    """`.reference` is plain data, for tests and for printing."""
    assert model().reference == LATEST
    assert str(metric().reference) == "trained_model:latest#/MSE"


def test_a_version_handle_is_not_made_of_a_metadata_reference() -> None:
    """A reference with a pointer names metadata and not a version."""
    with pytest.raises(ReferenceSyntaxError, match="it names metadata"):
        lazy_artifact_version(parse_reference("trained_model:latest#/MSE"))
