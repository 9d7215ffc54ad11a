"""A step's inputs: checked against the annotations, then materialized."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from raincheck.columns import check_recorded, check_value, without_contracts
from raincheck.index.packing import bound_name, written
from raincheck.index.replies import BoundVersion, Claimed
from raincheck.index.run_records import binding_of
from raincheck.materializers import describe, type_satisfies
from raincheck.materializers.elements import element_of, value_satisfies
from raincheck.materializers.type_check import class_satisfies
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
    container_of,
    inputs_within,
    needs_of,
)
from raincheck_workers.telemetry.observation import materialization

# What pydantic raises for an annotation that it has no check for.
_NO_SCHEMA = (PydanticUserError, PydanticUndefinedAnnotation, SchemaError, TypeError)
_MOST_SHOWN = 3


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
        ColumnContractError: the recorded columns cannot keep the parameter's contract.
    """
    for parameter, node in inputs.step.inputs.items():
        _check(inputs, parameter, node, annotations.get(parameter, Any))


def _check(inputs: BoundInputs, parameter: str, node: Input, annotation: object) -> None:
    held = container_of(node)
    if held is not None and not class_satisfies(held, annotation):
        needs = [written(leaf) for leaf in inputs_within(node) if not isinstance(leaf, ValueInput)]
        shown = ", ".join(needs[:_MOST_SHOWN]) + (", ..." if len(needs) > _MOST_SHOWN else "")
        raise TypeMismatchError(parameter, shown, f"a {held.__name__}", describe(annotation))
    match node:
        case ReferenceInput() | OutputInput():
            _check_bound(inputs, parameter, node, annotation)
        case ListInput():
            for position, item in enumerate(node.items):
                _check(inputs, parameter, item, element_of(annotation, _sequence(node), position))
        case DictInput():
            for key, item in node.items.items():
                _check(inputs, parameter, item, element_of(annotation, dict, key))
        case ValueInput():
            pass  # checked when the pipeline was compiled


def _check_bound(
    inputs: BoundInputs, parameter: str, node: ReferenceInput | OutputInput, annotation: object
) -> None:
    if _is_list(node):
        annotation = element_of(annotation, list, 0)
    for bound, binding in inputs.answers[node.canonical_json()]:
        shown = _shown(node, binding)
        if binding.pointer is not None:
            fits, recorded = _value_fits(binding.value, annotation), repr(binding.value)
        else:
            manifest = bound.record.manifest
            fits, recorded = type_satisfies(manifest, annotation), manifest.type
        if not fits:
            raise TypeMismatchError(parameter, shown, recorded, describe(annotation))
        if binding.pointer is None:
            check_recorded(annotation, bound.record.manifest, shown, parameter)


def _shown(node: ReferenceInput | OutputInput, binding: Binding) -> str:
    return f"{written(node)} (= {binding.shown})"


def _sequence(node: ListInput) -> type:
    return tuple if node.tuple_ else list


def _is_list(node: ReferenceInput | OutputInput) -> bool:
    return container_of(node) is list


def _value_fits(value: object, annotation: object) -> bool:
    if not value_satisfies(value, annotation):
        return False
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(without_contracts(annotation))
    except _NO_SCHEMA:
        return True  # nothing more can be known: the call will tell
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

    Raises:
        ColumnContractError: a frame does not keep its parameter's contract.
    """

    def value_of(parameter: str, node: Input, annotation: object) -> object:
        match node:
            case ValueInput():
                return node.value
            case ListInput():
                items = [
                    value_of(parameter, item, element_of(annotation, _sequence(node), position))
                    for position, item in enumerate(node.items)
                ]
                return tuple(items) if node.tuple_ else items
            case DictInput():
                return {
                    key: value_of(parameter, item, element_of(annotation, dict, key))
                    for key, item in node.items.items()
                }
            case ReferenceInput() | OutputInput():
                return _bound_value(inputs, parameter, node, annotation, load)

    return {
        name: value_of(name, node, annotations.get(name, Any))
        for name, node in inputs.step.inputs.items()
    }


def _bound_value(
    inputs: BoundInputs,
    parameter: str,
    need: ReferenceInput | OutputInput,
    annotation: object,
    load: Callable[[BoundVersion, object], object],
) -> object:
    def one(bound: BoundVersion, binding: Binding, annotation: object) -> object:
        if binding.pointer is not None:
            return binding.value
        with materialization(written(need), bound):
            value = load(bound, annotation)
        check_value(annotation, value, _shown(need, binding), parameter)
        return value

    answers = inputs.answers[need.canonical_json()]
    if not _is_list(need):
        return one(*answers[0], annotation)
    element = element_of(annotation, list, 0)
    return [one(*answer, element) for answer in answers]
