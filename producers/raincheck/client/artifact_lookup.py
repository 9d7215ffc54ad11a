"""Asking for versions: lazily inside a pipeline function, at once everywhere else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from raincheck.authoring.compiling import compiling
from raincheck.authoring.lazy import lazy_artifact_version
from raincheck.authoring.models import Model
from raincheck.client.access import Access
from raincheck.client.predicates import Predicate
from raincheck.client.published import PublishedVersion
from raincheck.client.selecting import chosen_reference
from raincheck.durations import Duration
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError, ReferenceNotFoundError
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReference


class ArtifactLookup(Access):
    """Versions by reference."""

    def get_artifact_version(  # noqa: PLR0913 - the selectors, of which one is given
        self,
        name: str,
        version: str | int | None = None,
        *,
        alias: str | None = None,
        best: str | None = None,
        mode: Literal["min", "max"] | None = None,
        tag: str | None = None,
        where: Mapping[str, JsonValue | Predicate] | None = None,
        back: int | None = None,
        pipeline: object = None,
        run: object = None,
        model: Model | None = None,
        as_of: int | datetime | None = None,
        wait: Duration | None = None,
    ) -> Any:
        """A version of an artifact; the newest when no selector is given.

        Args:
            name: the artifact.
            version: its name.
            alias: the version that the alias names.
            best: the version with the least or greatest value of this metric.
            mode: `min` or `max`; goes with `best`.
            tag: the newest version with the tag.
            where: the newest version whose metadata satisfies all of these.
            back: the version so many before the newest.
            pipeline: the newest version that a run of the pipeline published; its name or itself.
            run: the newest version that the run published; its id or its handle.
            model: the newest version that is linked to this version of a model.
            as_of: a revision, or a time with its zone: the answer that was true then.
            wait: how long a step may wait for it; only inside a pipeline function.

        Returns:
            Inside a pipeline function a `LazyArtifactVersion`, which the step that takes
            it receives as the value. Elsewhere a `PublishedVersion`.

        Raises:
            ArgumentError: two selectors, or a name that cannot be one.
            ReferenceNotFoundError: eager, and there is no such version now.
        """
        selectors = {
            "version": version,
            "alias": alias,
            "best": best,
            "tag": tag,
            "where": where,
            "back": back,
            "pipeline": pipeline,
            "run": run,
            "model": model,
        }
        more = {"mode": mode, "as_of": as_of, "wait": wait}
        reference = chosen_reference("get_artifact_version", name, selectors, more)
        return lazy_artifact_version(reference) if compiling() else self.resolve(reference)

    def get_artifact_versions(  # noqa: PLR0913 - the selectors, of which one is given
        self,
        name: str,
        *,
        take: int | Literal["all"],
        best: str | None = None,
        mode: Literal["min", "max"] | None = None,
        tag: str | None = None,
        where: Mapping[str, JsonValue | Predicate] | None = None,
        pipeline: object = None,
        run: object = None,
        as_of: int | datetime | None = None,
        wait: Duration | None = None,
    ) -> Any:
        """Versions of an artifact as one list, newest first; with `best` the best first.

        All are found in the one read with all else that a step takes. There is at least one,
        and there may be fewer than asked for. To look through more of them, outside of a
        pipeline function, see `list_artifact_versions`.

        Args:
            name: the artifact.
            take: how many at most, up to 100; `all` refuses where there are more than 100.
            best: those with the least or greatest values of this metric.
            mode: `min` or `max`; goes with `best`.
            tag: those with the tag.
            where: those whose metadata satisfies all of these.
            pipeline: those that runs of the pipeline published; its name or itself.
            run: those that the run published; its id or its handle.
            as_of: a revision, or a time with its zone: the answer that was true then.
            wait: how long a step may wait for the first; only inside a pipeline function.

        Returns:
            Inside a pipeline function a `LazyArtifactVersion`: the step receives a list of
            the values, and of `run_metadata["MSE"]` a list of the metrics. Elsewhere a list
            of `PublishedVersion`.

        Raises:
            ArgumentError: two selectors, or an argument that cannot be one.
            ReferenceNotFoundError: eager, and there is no such version now.
        """
        selectors = {"best": best, "tag": tag, "where": where, "pipeline": pipeline, "run": run}
        more = {"mode": mode, "as_of": as_of, "wait": wait, "take": take}
        reference = chosen_reference("get_artifact_versions", name, selectors, more)
        return lazy_artifact_version(reference) if compiling() else self.resolve_list(reference)

    def resolve(self, reference: Reference) -> PublishedVersion:
        """The version that a reference names now.

        Raises:
            ArgumentError: it stands for a list.
            ReferenceNotFoundError: there is none; says why.
        """
        if reference.listed:
            raise ArgumentError("resolve", f"{reference} stands for a list", "Call resolve_list")
        return self.resolve_list(reference)[0]

    def resolve_list(self, reference: Reference) -> list[PublishedVersion]:
        """The versions that a reference stands for now; of one without `take` the one.

        Raises:
            ReferenceNotFoundError: there is none; says why.
        """
        index = self.deployment.index
        answer = index.versions.resolve([reference]).answers[0]
        if isinstance(answer, MissingReference):
            raise ReferenceNotFoundError((str(answer),))
        found: list[PublishedVersion] = []
        for bound in answer if isinstance(answer, tuple) else (answer,):
            source = index.elsewhere(bound.namespace)
            record = source.records.version(bound.artifact, bound.version)
            if record is None:
                raise ReferenceNotFoundError((str(reference),))
            found.append(PublishedVersion(record, self.deployment))
        return found
