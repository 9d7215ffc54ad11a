"""A value that exists when the pipeline is queued and is too large or rich for JSON."""

import re
from collections.abc import Callable
from typing import TypeVar, cast

from typing_extensions import override

from raincheck.authoring.refusals import Unresolved, subject_of
from raincheck.blobs.memory import MemoryBlobStore
from raincheck.materializers import dump_value
from raincheck_contracts.errors import DefinitionError
from raincheck_contracts.names import ARTIFACT_NAME_PATTERN
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import VersionSelector

T = TypeVar("T")

# 160 bits of a 256-bit digest: a name that fits in a line and still collides with nothing.
_DIGITS_IN_VERSION = 40


class ExternalArtifact:
    """A value to be stored once, by digest; a step receives it through a reference."""

    __slots__ = ("_name", "_value")

    def __init__(self, *, value: object, name: str = "external") -> None:
        """Hold a value.

        Args:
            value: anything that a registered materializer can store.
            name: the artifact under which it is stored.

        Raises:
            DefinitionError: when the name is no artifact name, or the value is a handle.
        """
        if isinstance(value, Unresolved):
            problem = f"its value is {subject_of(value)}, which is stored already or will be"
            raise DefinitionError("ExternalArtifact", problem, "Hand the handle over itself")
        if re.fullmatch(ARTIFACT_NAME_PATTERN, name) is None:
            problem = f"{name!r} is no artifact name"
            remedy = "Use up to 64 of a-z, 0-9, '.', '_', '-', the first a letter or digit"
            raise DefinitionError("ExternalArtifact", problem, remedy)
        self._value = value
        self._name = name

    @property
    def value(self) -> object:
        """The value itself."""
        return self._value

    @property
    def name(self) -> str:
        """The artifact under which it is stored."""
        return self._name

    @override
    def __repr__(self) -> str:
        kind = type(self._value)
        return f"ExternalArtifact(<{kind.__module__}.{kind.__qualname__}>, name={self._name!r})"


#: Stores a value, or only names it, and returns the reference to it.
ExternalStore = Callable[[ExternalArtifact], Reference]


def external_artifact(*, value: T, name: str = "external") -> T:
    """`ExternalArtifact`, typed as the value that the step will receive.

    Args:
        value: anything that a registered materializer can store.
        name: the artifact under which it is stored.

    Returns:
        An `ExternalArtifact`; the declared type lets it stand where a step takes a `T`.

    Raises:
        DefinitionError: when the name is no artifact name, or the value is a handle.
    """
    return cast("T", ExternalArtifact(value=value, name=name))


def external_reference(name: str, digest: str) -> Reference:
    """The reference to a value that was stored by digest.

    Args:
        name: the artifact.
        digest: of the stored bytes, `b3:` and 64 hex digits.

    Returns:
        A reference to the version `b3-` and the first 40 hex digits: equal values are
        one version, however often they are handed over.
    """
    digits = digest.removeprefix("b3:")[:_DIGITS_IN_VERSION]
    return Reference(artifact=name, selector=VersionSelector(version=f"b3-{digits}"))


def name_external(external: ExternalArtifact) -> Reference:
    """Name a value by the digest it would be stored under, without storing it.

    Args:
        external: the value.

    Returns:
        The same reference that storing it gives.

    Raises:
        MaterializerNotFoundError: when no materializer takes the value.
    """
    dumped = dump_value(external.value, MemoryBlobStore())
    return external_reference(external.name, dumped.digest)
