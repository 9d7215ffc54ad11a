"""What a client does with models: make versions, look at them, link to them."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from typing_extensions import Unpack

from raincheck.authoring.compiling import compiling
from raincheck.authoring.metadata_values import checked_metadata
from raincheck.authoring.models import Model
from raincheck.authoring.pipeline_context import LazyModel
from raincheck.client.artifact_listing import ArtifactListing
from raincheck.client.artifact_lookup import ArtifactLookup
from raincheck.client.listing_options import ListingOptions
from raincheck.client.model_version import ModelVersion
from raincheck.messaging.waking import wake
from raincheck.model_versions import model_version
from raincheck.name_checks import check_version_name
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.names import MODEL_PREFIX


class Models(ArtifactLookup, ArtifactListing):
    """Models and their versions."""

    def get_model_version(
        self, name: str, version: str | int | None = None, *, stage: str | None = None
    ) -> Any:
        """A version of a model; the newest when neither version nor stage is given.

        Args:
            name: the model.
            version: its name or number.
            stage: the version that is in it.

        Returns:
            Inside a pipeline function a lazy handle, whose `get_artifact("...")` and
            `run_metadata["..."]` go to steps. Elsewhere a `ModelVersion`.

        Raises:
            ArgumentError: both are given, or a name that cannot be one.
            ReferenceNotFoundError: eager, and there is no such version now.
        """
        model = Model(name, version, stage)
        if compiling():
            return LazyModel(model)
        return ModelVersion(self.resolve(model.reference).record, self.deployment)

    def create_model_version(
        self,
        name: str,
        version: str | int | None = None,
        *,
        metadata: Mapping[str, object] | None = None,
        tags: Sequence[str] = (),
    ) -> ModelVersion:
        """Make a version of a model by hand; runs of a pipeline with a model make their own.

        Args:
            name: the model; it need not exist yet.
            version: its name; None takes the next number.
            metadata: entries by key; numpy scalars become Python numbers.
            tags: of the version.

        Raises:
            ArgumentError: a name or tag that cannot be one, or a call in a pipeline function.
            UnsupportedValueError: metadata that cannot be kept.
            VersionExistsError, VersionNameError: of the chosen version.
        """
        if compiling():
            problem = "a pipeline function only composes steps and has no effects"
            remedy = "Instead name the model in @pipeline(model=...)"
            raise ArgumentError("create_model_version", problem, remedy)
        model = Model(name)
        text = None if version is None else str(version)
        for item in (*tags, *([] if text is None else [text])):
            check_version_name("create_model_version", "version or tag", item)
        index = self.deployment.index
        entries = checked_metadata(metadata or {})
        made = model_version(model.name, text, metadata=entries, tags=tags)
        done = index.versions.publish(secrets.token_hex(16), made)
        if done.dirty:
            wake(index, self.deployment.hints)
        created: ModelVersion = self.get_model_version(name, done.version)
        return created

    def list_models(self) -> list[str]:
        """The names of models, in their order."""
        return self.deployment.index.models.names()

    def list_model_versions(
        self, name: str, *, limit: int | None = None, **listing: Unpack[ListingOptions]
    ) -> Iterator[ModelVersion]:
        """The versions of a model, newest first.

        Args:
            name: the model.
            limit: at most so many; None is all.
            listing: filters and order, as in `list_artifact_versions`.

        Raises:
            ArgumentError: an argument that cannot be meant.
        """
        series = MODEL_PREFIX + Model(name).name
        found = self.list_artifact_versions(series, limit=limit, **listing)
        return (ModelVersion(version.record, self.deployment) for version in found)
