"""Turning the arguments of a step call into the inputs of a compiled step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from pydantic import ValidationError

from raincheck.authoring.external import ExternalArtifact, ExternalStore
from raincheck.authoring.json_values import MAX_DEPTH, key_problem, kind_of, scalar_problem
from raincheck.authoring.lazy import LazyReference, OutputHandle, StepHandle
from raincheck.authoring.parameters import ParameterPort
from raincheck.authoring.refusals import Unresolved, subject_of
from raincheck.materializers import describe
from raincheck.materializers.elements import element_of
from raincheck.materializers.type_check import class_satisfies
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import CompileError
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputInput,
    ReferenceInput,
    ValueInput,
    container_of,
    inputs_within,
)
from raincheck_contracts.references import Reference

USE_EXTERNAL = (
    "Hand it over as ExternalArtifact(value=...): it is stored once and only a reference travels"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a pipeline an error is."""

    pipeline: str
    step: str = ""
    parameter: str = ""

    def error(self, problem: str, remedy: str) -> CompileError:
        """The error to raise for this place."""
        return CompileError(self.pipeline, self.step, self.parameter, problem, remedy)


@dataclass(slots=True)
class InputEncoder:
    """Encodes the values of one place and remembers the references it met."""

    place: Place
    recorder: object
    """The compilation whose output handles are accepted."""
    store: ExternalStore
    nothing_is_none: bool = False
    """Whether the call of a step that returns nothing may stand for None."""
    references: list[Reference] = field(default_factory=list)
    """References of lazy handles, in reading order; not those of external artifacts."""

    def encode(self, value: object, depth: int = 0) -> Input:
        """Encode a value and all handles within it.

        Args:
            value: a handle, an external artifact, plain JSON, or lists, tuples and dicts
                of these.
            depth: levels above it.

        Raises:
            CompileError: for anything else; names the place and the way out.
        """
        if depth > MAX_DEPTH:
            raise self.place.error(f"nested deeper than {MAX_DEPTH} levels", "Make it flatter")
        if isinstance(value, Unresolved):
            return self._handle(value)
        if isinstance(value, ExternalArtifact):
            return ReferenceInput(reference=self.store(value))
        if isinstance(value, list | tuple) and type(value) in {list, tuple}:
            items = tuple(self.encode(item, depth + 1) for item in value)
            return _sequence(items, is_tuple=type(value) is tuple)
        if isinstance(value, dict) and type(value) is dict:
            return self._mapping(value, depth)
        return self._scalar(value)

    def _handle(self, handle: Unresolved) -> Input:
        if isinstance(handle, LazyReference):
            self.references.append(handle.reference)
            return ReferenceInput(reference=handle.reference)
        if not isinstance(handle, StepHandle):
            remedy = 'Choose a key: .run_metadata["MSE"]'
            raise self.place.error(f"{subject_of(handle)} is no value", remedy)
        if not handle.recorded_by(self.recorder):
            problem = f"{subject_of(handle)} belongs to another compilation of a pipeline"
            raise self.place.error(problem, "Call the step inside this pipeline function")
        if not isinstance(handle, OutputHandle):
            if self.nothing_is_none:
                return ValueInput(value=None)
            problem = f"{subject_of(handle)} returns nothing"
            remedy = "To run after it, write the_step.after(handle)(...)"
            raise self.place.error(problem, remedy)
        return OutputInput(step=handle.step, output=handle.output)

    def _mapping(self, value: dict[object, object], depth: int) -> Input:
        for key in value:
            problem = key_problem(key)
            if problem is not None:
                raise self.place.error(problem, f"Use str keys. Or: {USE_EXTERNAL}")
        items = {str(key): self.encode(item, depth + 1) for key, item in value.items()}
        if all(isinstance(item, ValueInput) for item in items.values()):
            return ValueInput(
                value={k: item.value for k, item in items.items() if isinstance(item, ValueInput)}
            )
        return DictInput(items=items)

    def _scalar(self, value: object) -> Input:
        problem = scalar_problem(value)
        if problem is not None:
            raise self.place.error(problem, USE_EXTERNAL)
        return ValueInput(value=cast("JsonValue", value))


def _sequence(items: tuple[Input, ...], *, is_tuple: bool) -> Input:
    plain = [item.value for item in items if isinstance(item, ValueInput)]
    if is_tuple or len(plain) < len(items):
        return ListInput(items=items, tuple_=is_tuple)
    return ValueInput(value=plain)


def encode_arguments(
    values: Mapping[str, object],
    ports: Mapping[str, ParameterPort],
    encoder_of: Callable[[str], InputEncoder],
) -> tuple[dict[str, Input], list[Reference]]:
    """Encode the bound arguments of one call.

    Args:
        values: by parameter.
        ports: the step's parameters by name.
        encoder_of: the encoder for a parameter.

    Returns:
        The inputs by parameter, and the references of the lazy handles among them.

    Raises:
        CompileError: when a value cannot travel or contradicts its annotation.
    """
    inputs: dict[str, Input] = {}
    references: list[Reference] = []
    for name, value in values.items():
        encoder = encoder_of(name)
        inputs[name] = encoder.encode(value)
        references.extend(encoder.references)
        if all(isinstance(leaf, ValueInput) for leaf in inputs_within(inputs[name])):
            check_literal(ports[name], value, encoder.place)
        else:
            _check_containers(inputs[name], ports[name].annotation, encoder.place)
    return inputs, references


def _check_containers(node: Input, annotation: object, place: Place) -> None:
    """Refuse lists, tuples and dicts where the annotation takes none."""
    held = container_of(node)
    if held is None:
        return
    if not class_satisfies(held, annotation):
        problem = f"it takes {describe(annotation)} and is given a {held.__name__}"
        remedy = f"Give it one value, or annotate it as a {held.__name__} of them"
        raise place.error(problem, remedy)
    if isinstance(node, ListInput):
        for position, item in enumerate(node.items):
            _check_containers(item, element_of(annotation, held, position), place)
    if isinstance(node, DictInput):
        for key, item in node.items.items():
            _check_containers(item, element_of(annotation, held, key), place)


def check_literal(port: ParameterPort, value: object, place: Place) -> None:
    """Refuse a literal that contradicts the annotation of its parameter.

    The check is pydantic's lax one; the step receives the value as it was written.

    Args:
        port: the parameter.
        value: plain JSON or a tuple of it.
        place: for the error.

    Raises:
        CompileError: names what the annotation asks for.
    """
    if port.adapter is None or value is port.default:
        return
    try:
        port.adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"[{token!r}]" for token in first["loc"])
        problem = f"{where}: {first['msg']}" if where else first["msg"]
        raise place.error(problem, f"The value is {kind_of(value)}: {value!r:.60}") from error
