from typing import Any

import pandas as pd
import pytest

from raincheck.authoring import lazy_artifact_version, pipeline, step
from raincheck.authoring.external import (
    ExternalArtifact,
    external_artifact,
    external_reference,
    name_external,
)
from raincheck.blobs.memory import MemoryBlobStore
from raincheck.materializers import dump_value
from raincheck_contracts.errors import DefinitionError, MaterializerNotFoundError
from raincheck_contracts.pipelines import ReferenceInput
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import VersionSelector

FRAME = pd.DataFrame({"a": [1, 2]})


@step
def keep(data: Any) -> Any:
    """Return the data."""
    return data


@pipeline
def uses_external(rows: int) -> None:
    """Hand a frame of so many rows to a step."""
    keep(external_artifact(value=pd.DataFrame({"a": range(rows)}), name="rows"))


def test_a_value_is_named_by_its_digest() -> None:
    """Equal values are one version, and the version says which bytes it is."""
    digest = dump_value(FRAME, MemoryBlobStore()).digest
    reference = name_external(ExternalArtifact(value=FRAME.copy(), name="frame"))
    assert reference == external_reference("frame", digest)
    assert reference == Reference(
        artifact="frame", selector=VersionSelector(version=f"b3-{digest[3:43]}")
    )
    assert not reference.floating


def test_the_specification_holds_only_the_reference() -> None:
    """The value is not in the payload, and the same value compiles to the same payload."""
    first, again, other = (uses_external.compile(rows).spec for rows in (3, 3, 4))
    (made,) = first.steps
    assert isinstance(made.inputs["data"], ReferenceInput)
    assert first == again
    assert first != other


def test_the_store_is_asked_once_for_each_external_artifact() -> None:
    """Queueing hands a callback that stores the value and returns its reference."""
    stored: list[ExternalArtifact] = []

    def store(external: ExternalArtifact) -> Reference:
        stored.append(external)
        return external_reference(external.name, "b3:" + "0" * 64)

    spec = uses_external.compile_with(store, (3,), {}).spec
    assert [external.name for external in stored] == ["rows"]
    assert spec.steps[0].inputs["data"] == ReferenceInput(
        reference=external_reference("rows", "b3:" + "0" * 64)
    )


def test_the_default_name_is_external() -> None:
    """Values that nobody named share one artifact."""
    assert ExternalArtifact(value=1).name == "external"


def test_a_name_that_no_artifact_can_have_is_refused() -> None:
    """The name is checked where it is written."""
    with pytest.raises(DefinitionError, match="'Not A Name' is no artifact name"):
        ExternalArtifact(value=1, name="Not A Name")


def test_a_handle_is_not_an_external_value() -> None:
    """What is stored already is handed over itself."""
    handle = lazy_artifact_version(Reference(artifact="trained_model"))
    with pytest.raises(DefinitionError, match=r"trained_model:latest.*Hand the handle over"):
        ExternalArtifact(value=handle)


def test_a_value_without_a_materializer_is_refused() -> None:
    """It could not be stored, and the error says how to change that."""
    with pytest.raises(MaterializerNotFoundError):
        name_external(ExternalArtifact(value=object()))


def test_repr_shows_the_type_and_not_the_value() -> None:
    """Values may be large."""
    shown = repr(ExternalArtifact(value="x" * 1_000))
    assert shown == "ExternalArtifact(<builtins.str>, name='external')"
