"""The key of a computation: equal when code, inputs and declared outputs are the same."""

import json
from functools import lru_cache

from raincheck.authoring.step import Step
from raincheck.blobs.digest import digest_of
from raincheck.index.replies import BoundVersion
from raincheck.materializers import describe, registered_names
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputInput,
    ReferenceInput,
    ValueInput,
)
from raincheck_workers.execution.code_digest import code_digest
from raincheck_workers.execution.inputs import BoundInputs

# Raised when the form of a key changes, so that no earlier one fits.
_FORM = 1


def computation_key(step: "Step[..., object]", inputs: BoundInputs) -> str:
    """The digest of all that a step's outputs are said to depend on.

    Args:
        step: as this process has it.
        inputs: what was bound.

    Returns:
        `b3:` and 64 hexadecimal digits.
    """
    spec = inputs.step
    whole = {
        "form": _FORM,
        "function": spec.function,
        "code": _code_digest(step.function),
        "key": step.options.cache_key,
        # In their own order, and with the order of a dict's keys: a step may look at it.
        "inputs": [[name, _input(inputs, node)] for name, node in spec.inputs.items()],
        "parameters": [[port.name, describe(port.annotation)] for port in step.parameters],
        "outputs": [[output.name, output.artifact] for output in spec.outputs],
        "types": [[port.name, describe(port.annotation)] for port in step.outputs.ports],
        # Which of them takes a value, and in which format, is known when it has been computed.
        "materializers": list(registered_names()),
    }
    return digest_of(json.dumps(whole, separators=(",", ":"), allow_nan=False).encode())


_code_digest = lru_cache(maxsize=1_024)(code_digest)


def _input(inputs: BoundInputs, node: Input) -> JsonValue:
    match node:
        case ValueInput():
            return ["value", node.value]
        case ListInput():
            kind = "tuple" if node.tuple_ else "list"
            return [kind, [_input(inputs, item) for item in node.items]]
        case DictInput():
            return ["dict", [[key, _input(inputs, item)] for key, item in node.items.items()]]
        case ReferenceInput() | OutputInput():
            answers = [_bound(*answer) for answer in inputs.answers[node.canonical_json()]]
            listed = isinstance(node, ReferenceInput) and node.reference.listed
            return ["versions", answers] if listed else answers[0]


def _bound(bound: BoundVersion, binding: Binding) -> JsonValue:
    """By its bytes and how they are read, whatever the version is called."""
    if binding.pointer is not None:
        return ["metadata", binding.value]
    manifest = bound.record.manifest
    parts: list[JsonValue] = [[part.name, part.media_type] for part in manifest.parts]
    form: JsonValue = [manifest.type, manifest.materializer, parts, manifest.schema_]
    return ["version", bound.record.digest, form]
