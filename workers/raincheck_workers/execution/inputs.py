"""A step's inputs: checked against the annotations, then materialized."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, get_args, get_origin

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from raincheck.index.packing import bound_name, written
from raincheck.index.replies import BoundVersion, Claimed
from raincheck.index.run_records import binding_of
from raincheck.materializers import describe, type_satisfies
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.errors import TypeMismatchError
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputInput,
    ReferenceInput,
    StepSpec,
    ValueInput,
    inputs_within,
    needs_of,
)
from raincheck_workers.telemetry.observation import materialization


@dataclass(frozen=True, slots=True)
class BoundInputs:
    """What a claim bound for a step."""

    step: StepSpec
    answers: Mapping[str, tuple[tuple[BoundVersion, Binding], ...]]
    """By the canonical JSON of the need: one, or of a list of versions all."""
    bindings: dict[str, Binding]
    """By the reference as written."""

    @property
    def by_parameter(self) -> dict[str, tuple[Binding, ...]]:
        """By parameter, in reading order."""
        return {
            name: tuple(
                binding
                for leaf in inputs_within(node)
                if not isinstance(leaf, ValueInput)
                for _, binding in self.answers[leaf.canonical_json()]
            )
            for name, node in self.step.inputs.items()
        }

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions bound, each once, as `Binding.shown` tells them."""
        return tuple(dict.fromkeys(binding.shown for binding in self.bindings.values()))


def bind(step: StepSpec, claimed: Claimed) -> BoundInputs:
    """Join a step's needs with the claim's answers.

    Raises:
        MetadataPointerError: a pointer finds nothing below its top-level key.
        ValueError: there are more answers than needs, or fewer.
    """
    answers: dict[str, tuple[tuple[BoundVersion, Binding], ...]] = {}
    bindings: dict[str, Binding] = {}
    left = iter(claimed.values)
    for need, count in zip(needs_of(step), claimed.counts, strict=True):
        named: dict[str, tuple[BoundVersion, Binding]] = {}
        names = _names(need, count)
        for name, bound in zip(names, islice(left, len(names)), strict=True):
            binding = binding_of(
                (bound.artifact, bound.version, bound.sequence),
                bound.record,
                revision=claimed.revision,
                written=written(need),
                metadata=bound.metadata,
                namespace=bound.namespace,
            )
            named[name] = bound, binding
            bindings[name] = binding
        answers[need.canonical_json()] = tuple(named.values())
    if next(left, None) is not None:
        raise ValueError("the claim has more answers than the step has needs")
    return BoundInputs(step, answers, bindings)


def _names(need: ReferenceInput | OutputInput, count: int) -> list[str]:
    """How each binding of a need is shown; the claim has so many answers for it."""
    if isinstance(need, OutputInput):
        return [written(need)]
    return [bound_name(need.reference, place) for place in range(count)]


def check_types(inputs: BoundInputs, annotations: Mapping[str, object]) -> None:
    """Compare recorded types with annotations, before any bytes are read.

    Raises:
        TypeMismatchError: names the parameter, the reference and both types.
    """
    for parameter, node in inputs.step.inputs.items():
        _check(inputs, parameter, node, annotations.get(parameter, Any))


def _check(inputs: BoundInputs, parameter: str, node: Input, annotation: object) -> None:
    match node:
        case ReferenceInput() | OutputInput():
            _check_bound(inputs, parameter, node, annotation)
        case ListInput():
            for item in node.items:
                _check(inputs, parameter, item, _element(annotation, 0))
        case DictInput():
            for item in node.items.values():
                _check(inputs, parameter, item, _element(annotation, 1))
        case ValueInput():
            pass  # checked when the pipeline was compiled


def _check_bound(
    inputs: BoundInputs, parameter: str, node: ReferenceInput | OutputInput, annotation: object
) -> None:
    if _is_list(node):
        annotation = _element(annotation, 0)
    for bound, binding in inputs.answers[node.canonical_json()]:
        if binding.pointer is not None:
            fits, recorded = _value_fits(binding.value, annotation), repr(binding.value)
        else:
            manifest = bound.record.manifest
            fits, recorded = type_satisfies(manifest, annotation), manifest.type
        if not fits:
            shown = f"{written(node)} (= {binding.shown})"
            raise TypeMismatchError(parameter, shown, recorded, describe(annotation))


def _is_list(node: ReferenceInput | OutputInput) -> bool:
    return isinstance(node, ReferenceInput) and node.reference.listed


def _element(annotation: object, position: int) -> object:
    arguments = get_args(annotation)
    if get_origin(annotation) in {list, dict, Sequence, Mapping} and len(arguments) > position:
        return arguments[position]
    return Any


def _value_fits(value: object, annotation: Any) -> bool:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    except PydanticUserError:
        return True  # no schema can be built for it: the call will tell
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def materialize(
    inputs: BoundInputs,
    annotations: Mapping[str, object],
    load: Callable[[BoundVersion, object], object],
) -> dict[str, object]:
    """The arguments of the step.

    Args:
        inputs: what was bound.
        annotations: by parameter.
        load: gives the value of a bound version for an annotation.
    """

    def value_of(node: Input, annotation: object) -> object:
        match node:
            case ValueInput():
                return node.value
            case ListInput():
                items = [value_of(item, _element(annotation, 0)) for item in node.items]
                return tuple(items) if node.tuple_ else items
            case DictInput():
                element = _element(annotation, 1)
                return {key: value_of(item, element) for key, item in node.items.items()}
            case ReferenceInput() | OutputInput():
                return _bound_value(inputs, node, annotation, load)

    return {
        name: value_of(node, annotations.get(name, Any))
        for name, node in inputs.step.inputs.items()
    }


def _bound_value(
    inputs: BoundInputs,
    need: ReferenceInput | OutputInput,
    annotation: object,
    load: Callable[[BoundVersion, object], object],
) -> object:
    def one(bound: BoundVersion, binding: Binding, annotation: object) -> object:
        if binding.pointer is not None:
            return binding.value
        with materialization(written(need), bound):
            return load(bound, annotation)

    answers = inputs.answers[need.canonical_json()]
    if not _is_list(need):
        return one(*answers[0], annotation)
    element = _element(annotation, 0)
    return [one(*answer, element) for answer in answers]
