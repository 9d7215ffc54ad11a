"""What a step had bound, in the form in which lineage keeps it."""

from collections.abc import Iterable, Iterator
from itertools import islice

from raincheck.index.packing import bound_name, written
from raincheck_contracts._base import canonical_json
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.lineage import (
    MAX_BOUND_BYTES,
    MAX_LOADED,
    MAX_VALUE_BYTES,
    BoundReference,
    BoundReferences,
)
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputInput,
    ReferenceInput,
    ValueInput,
)
from raincheck_workers.execution.inputs import BoundInputs


def bound_references(inputs: BoundInputs, loaded: Iterable[str] = ()) -> BoundReferences:
    """Each reference of each parameter with what it became.

    Values over a kibibyte are left out. Of more than 64 KiB all values are, and then the
    last references.

    Args:
        inputs: what was bound.
        loaded: versions that the step loaded by itself.
    """
    told = tuple(islice(loaded, MAX_LOADED))
    bound = [
        entry
        for parameter, node in inputs.step.inputs.items()
        for place, leaf in _leaves(node, "")
        for entry in _entries(inputs, parameter, place, leaf)
    ]
    whole = BoundReferences(bound=tuple(bound))
    if _size(whole) > MAX_BOUND_BYTES:
        whole = _first_of([_without_value(entry) for entry in bound])
    return whole.model_copy(update={"loaded": told})


def _leaves(node: Input, place: str) -> Iterator[tuple[str, ReferenceInput | OutputInput]]:
    """What is bound within a parameter, each with a JSON Pointer to its place."""
    match node:
        case ListInput():
            for position, item in enumerate(node.items):
                yield from _leaves(item, f"{place}/{position}")
        case DictInput():
            for key, item in node.items.items():
                token = key.replace("~", "~0").replace("/", "~1")
                yield from _leaves(item, f"{place}/{token}")
        case ReferenceInput() | OutputInput():
            yield place, node
        case ValueInput():
            pass


def _entries(
    inputs: BoundInputs, parameter: str, place: str, leaf: ReferenceInput | OutputInput
) -> Iterator[BoundReference]:
    listed = isinstance(leaf, ReferenceInput) and leaf.reference.listed
    for position, (_, binding) in enumerate(inputs.answers[leaf.canonical_json()]):
        where = f"{place}/{position}" if listed else place
        if isinstance(leaf, ReferenceInput):
            yield _entry(parameter, where, bound_name(leaf.reference, position), binding)
        else:
            yield _entry(parameter, where, written(leaf), binding)


def _entry(parameter: str, place: str, reference: str, binding: Binding) -> BoundReference:
    value = binding.value
    too_large = len(canonical_json(value).encode()) > MAX_VALUE_BYTES  # None is four bytes
    return BoundReference(
        parameter=parameter,
        place=place,
        reference=reference,
        artifact=binding.artifact,
        version=binding.version,
        namespace=binding.namespace,
        pointer=binding.pointer,
        value=None if too_large else value,
        value_left_out=too_large,
    )


def _without_value(entry: BoundReference) -> BoundReference:
    if entry.value is None:
        return entry
    return entry.model_copy(update={"value": None, "value_left_out": True})


def _first_of(entries: list[BoundReference]) -> BoundReferences:
    """As many as fit, and how many do not."""
    size, fitting = 64, 0  # what stands around the entries
    for entry in entries:
        size += len(entry.canonical_json().encode()) + 1
        if size > MAX_BOUND_BYTES:
            break
        fitting += 1
    return BoundReferences(bound=tuple(entries[:fitting]), left_out=len(entries) - fitting)


def _size(bound: BoundReferences) -> int:
    return len(bound.canonical_json().encode())
