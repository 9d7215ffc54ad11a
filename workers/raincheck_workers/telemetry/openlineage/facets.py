"""The facets that are our own; `docs/reference/openlineage-facets.json` is their schema."""

import attr
from openlineage.client.generated.base import DatasetFacet, InputDatasetFacet, RunFacet
from openlineage.client.utils import RedactMixin
from typing_extensions import override

from raincheck_contracts._base import JsonValue
from raincheck_workers.telemetry.openlineage.identity import FACETS


@attr.define
class AttemptFacet(RunFacet):
    """Which attempt of which step a run is, in Raincheck's words."""

    run: str
    step: str
    attempt: int
    function: str
    """`module:name` of what was called."""
    revision: int | None = None
    """Of the index, at which all references of the step were bound."""

    @staticmethod
    @override
    def _get_schema() -> str:
        return f"{FACETS}#/$defs/AttemptFacet"


@attr.define
class VersionFacet(DatasetFacet):
    """What the index records of a version."""

    digest: str
    type: str
    size: int
    """Bytes."""

    @staticmethod
    @override
    def _get_schema() -> str:
        return f"{FACETS}#/$defs/VersionFacet"


@attr.define
class BoundParameter(RedactMixin):
    """A reference of a parameter that became this version."""

    parameter: str
    place: str
    """JSON Pointer into the parameter's value; empty when it is the value."""
    reference: str
    """As it was written."""
    pointer: str | None = None
    """JSON Pointer into the version's metadata, for a reference to metadata."""
    value: JsonValue = None
    """What the step received for it."""
    valueLeftOut: bool | None = None  # noqa: N815 - as OpenLineage writes names


@attr.define
class ReferencesFacet(InputDatasetFacet):
    """The references that became this version."""

    references: list[BoundParameter]

    @staticmethod
    @override
    def _get_schema() -> str:
        return f"{FACETS}#/$defs/ReferencesFacet"
