"""The client: lazy inside a pipeline function, eager everywhere else."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import Unpack

from raincheck.client.artifact_changes import ArtifactChanges
from raincheck.client.deletion import Deletions
from raincheck.client.event_reader import read_events
from raincheck.client.lineage import LineageReading
from raincheck.client.models import Models
from raincheck.client.subscriptions import Subscriptions
from raincheck.durations import Duration
from raincheck_contracts.events import Event
from raincheck_contracts.subscriptions import Subscription

if TYPE_CHECKING:
    from raincheck.authoring.pipeline import Pipeline
    from raincheck.authoring.triggers import SubscriptionOptions


class Client(Models, LineageReading, ArtifactChanges, Deletions):
    """Asks for artifact versions.

    Args:
        deployment: where to ask; None is the one of the environment.
    """

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
