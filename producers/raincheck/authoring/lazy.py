"""Handles for values that exist only when a step starts.

For type checkers the attributes and items that lead into step calls are `Any`: a step's
parameter is typed as what the step receives, which a handle becomes on the way there.
"""

import re
from typing import Any

from pydantic import ValidationError

from raincheck.authoring.refusals import Unresolved, refusal, set_slots
from raincheck_contracts.errors import ReferenceSyntaxError
from raincheck_contracts.names import METADATA_KEY_PATTERN
from raincheck_contracts.pointers import pointer_of
from raincheck_contracts.references import Reference


class LazyReference(Unresolved):
    """A handle that stands for a contract `Reference`."""

    __slots__ = ("_reference",)

    _reference: Reference

    def __init__(self, reference: Reference) -> None:
        super().__init__(str(reference))
        set_slots(self, _reference=reference)

    @property
    def reference(self) -> Reference:
        """The reference as plain data, which compares and prints normally."""
        return self._reference

    @property
    def value(self) -> Any:
        """This handle, typed as `Any` for the call of a step; the same reference."""
        return self

    def same_reference(self, other: object) -> bool:
        """Whether another handle stands for an equal reference; `==` raises.

        Args:
            other: anything; what is not a handle of a reference is never the same.
        """
        return isinstance(other, LazyReference) and self._reference == other.reference


class LazyMetadata(LazyReference):
    """A metadata value of a version that is not resolved yet."""

    __slots__ = ()

    def __getitem__(self, key: str | int) -> "LazyMetadata":
        """The reference to an entry of this value, should it be an object or a list.

        Args:
            key: a key of an object, or a position in a list counted from 0.

        Raises:
            UnresolvedReferenceError: for slices and positions from the end.
            ReferenceSyntaxError: for a key that no reference can hold.
        """
        if type(key) is not str and (type(key) is not int or key < 0):
            raise refusal(self, f"indexing with {key!r}")
        pointer = (self._reference.pointer or "") + pointer_of(key)
        return LazyMetadata(_with_pointer(self._reference, pointer))


class LazyRunMetadata(Unresolved):
    """The metadata of a version that is not resolved yet: choose a key."""

    __slots__ = ("_reference",)

    _reference: Reference

    def __init__(self, reference: Reference) -> None:
        super().__init__(f"the metadata of {reference}")
        set_slots(self, _reference=reference)

    def __getitem__(self, key: str) -> LazyMetadata:
        """The reference to the metadata entry of that key.

        Args:
            key: the top-level key, exactly as it was logged.

        Raises:
            UnresolvedReferenceError: for what is not a str.
            ReferenceSyntaxError: for a key that no reference can hold.
        """
        if type(key) is not str:
            raise refusal(self, f"indexing with {key!r}")
        if re.fullmatch(METADATA_KEY_PATTERN, key) is None:
            problem = "a metadata key has 1 to 128 characters, none of them a control character"
            raise ReferenceSyntaxError(f"{self._reference}#/{key}", problem)
        return LazyMetadata(_with_pointer(self._reference, pointer_of(key)))


class LazyArtifactVersion(LazyReference):
    """A version of an artifact that is not resolved yet."""

    __slots__ = ()

    @property
    def run_metadata(self) -> LazyRunMetadata:
        """What was logged with the version; `["MSE"]` is a reference to one entry."""
        return LazyRunMetadata(self._reference)


class StepHandle(Unresolved):
    """A call of a step within the pipeline that is being compiled."""

    __slots__ = ("_recorder", "_step")

    _recorder: object
    _step: str

    def __init__(self, recorder: object, step: str) -> None:
        super().__init__(f"step {step!r}")
        set_slots(self, _recorder=recorder, _step=step)

    @property
    def step(self) -> str:
        """Name of the step within the pipeline."""
        return self._step

    def recorded_by(self, recorder: object) -> bool:
        """Whether the call belongs to the compilation of that recorder."""
        return self._recorder is recorder


class OutputHandle(StepHandle):
    """An output of a step of the pipeline that is being compiled."""

    __slots__ = ("_output",)

    _output: str

    def __init__(self, recorder: object, step: str, output: str) -> None:
        super().__init__(recorder, step)
        set_slots(self, _subject=f"output {output!r} of step {step!r}", _output=output)

    @property
    def output(self) -> str:
        """Name of the output within the step."""
        return self._output


def lazy_artifact_version(reference: Reference) -> LazyArtifactVersion:
    """The handle for an artifact version.

    Args:
        reference: to a version, without a pointer into its metadata.

    Raises:
        ReferenceSyntaxError: when the reference has a pointer.
    """
    if reference.pointer is not None:
        raise ReferenceSyntaxError(str(reference), "it names metadata, not a version")
    return LazyArtifactVersion(reference)


def _with_pointer(reference: Reference, pointer: str) -> Reference:
    try:
        return Reference.model_validate({**dict(reference), "pointer": pointer})
    except ValidationError as error:
        problem = "the key has control characters, or is not valid text"
        raise ReferenceSyntaxError(f"{reference}#{pointer}", problem) from error
