"""The client: lazy inside a pipeline function, eager everywhere else."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError
from typing_extensions import Unpack

from raincheck.authoring.compiling import compiling
from raincheck.authoring.lazy import lazy_artifact_version
from raincheck.client.artifact_changes import ArtifactChanges
from raincheck.client.artifact_listing import ArtifactListing
from raincheck.client.event_reader import read_events
from raincheck.client.lineage import LineageReading
from raincheck.client.predicates import Predicate
from raincheck.client.published import PublishedVersion
from raincheck.client.selecting import NAMES, chosen_selector
from raincheck.client.subscriptions import Subscriptions
from raincheck.durations import Duration, seconds_of
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError, ReferenceNotFoundError
from raincheck_contracts.events import Event
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReference
from raincheck_contracts.subscriptions import Subscription

if TYPE_CHECKING:
    from raincheck.authoring.pipeline import Pipeline
    from raincheck.authoring.triggers import SubscriptionOptions


class Client(ArtifactChanges, ArtifactListing, LineageReading):
    """Asks for artifact versions.

    Args:
        deployment: where to ask; None is the one of the environment.
    """

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
            wait: how long a step may wait for it; only inside a pipeline function.

        Returns:
            Inside a pipeline function a `LazyArtifactVersion`, which the step that takes
            it receives as the value. Elsewhere a `PublishedVersion`.

        Raises:
            ArgumentError: two selectors, or a name that cannot be one.
            ReferenceNotFoundError: eager, and there is no such version now.
        """
        selector = chosen_selector(
            {
                "version": None if version is None else str(version),
                "alias": alias,
                "best": best,
                "tag": tag,
                "where": where,
            },
            mode,
        )
        try:
            reference = Reference(
                artifact=name,
                selector=selector,
                wait=None if wait is None else seconds_of(wait),
            )
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise ArgumentError("get_artifact_version", f"{name!r}: {problem}", NAMES) from error
        if compiling():
            return lazy_artifact_version(reference)
        return self.resolve(reference)

    def resolve(self, reference: Reference) -> PublishedVersion:
        """The version that a reference names now.

        Raises:
            ReferenceNotFoundError: there is none; says why.
        """
        index = self.deployment.index
        answer = index.versions.resolve([reference]).answers[0]
        if isinstance(answer, MissingReference):
            raise ReferenceNotFoundError((str(answer),))
        record = index.records.version(answer.artifact, answer.version)
        if record is None:
            raise ReferenceNotFoundError((str(reference),))
        return PublishedVersion(record, self.deployment)

    def events(self, *, since: int | str | None = None, follow: bool = False) -> Iterator[Event]:
        """What changed in the index, in its order, as CloudEvents.

        Args:
            since: a revision, or the id of the last event that was dealt with; what came after
                it is read. None is all that are kept: 7 days, 1,000,000 events.
            follow: whether to go on with those to come, for ever.

        Raises:
            EventPositionError: it cannot be read from there without a gap.
            IndexUnavailableError: the index does not answer; one that is followed is waited
                for.
        """
        return read_events(self.deployment.index.events, since, follow=follow)

    def subscribe(
        self,
        pipeline: "Pipeline[..., Any]",
        *,
        name: str | None = None,
        parameters: Mapping[str, object] | None = None,
        queue: str | None = None,
        priority: int | None = None,
        wait: Duration | None = None,
        **subscribing: "Unpack[SubscriptionOptions]",
    ) -> Subscription:
        """Let events start a pipeline from now on, also when this process has ended.

        Args:
            pipeline: compiled now, with the parameters.
            name: of the subscription; None is the pipeline's. The same name again changes it.
            parameters: of the pipeline, for all of its runs.
            queue: the Celery queue of the steps that name none.
            priority: of their messages, 0 to 9.
            wait: how long references are waited for; None is the deployment's.
            subscribing: as in `@pipeline(...)`, whose own are the default.

        Returns:
            The subscription as it is stored.

        Raises:
            UsageError: the pipeline does not compile, or an option cannot be used.
            SubscriptionMovedError: somebody else deployed it at the same moment.
            InvalidWriteError: it is over a limit.
        """
        from raincheck.subscribing import definition, deploying  # noqa: PLC0415 - they import pipelines

        options: SubscriptionOptions = {**pipeline.subscribing, **subscribing}
        running = definition.RunOptions(
            parameters=parameters, queue=queue, priority=priority, wait=wait
        )
        made = definition.build_deployable(
            self.deployment, pipeline, name or pipeline.name, options, running
        )
        return deploying.deploy(self.deployment, deploying.plan(self.deployment, made))

    @property
    def subscriptions(self) -> Subscriptions:
        """The subscriptions of the deployment."""
        return Subscriptions(self.deployment)
