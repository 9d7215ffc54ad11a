"""The subscriptions of a deployment: look at them, pause, resume, delete, backfill."""

from datetime import datetime
from typing import TYPE_CHECKING

from raincheck.deployment import Deployment
from raincheck.index.backfill_scripts import BackfillOptions
from raincheck.messaging.waking import wake
from raincheck_contracts.subscriptions import Backfill, Subscription

if TYPE_CHECKING:
    from raincheck.subscribing.backfilling import BackfillPlan


class Subscriptions:
    """What `Client().subscriptions` is.

    Args:
        deployment: whose they are.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._scripts = deployment.index.subscriptions

    def list(self) -> "list[Subscription]":
        """All of them, in the order of their first deployment."""
        return self._scripts.all()

    def get(self, name: str) -> Subscription:
        """One of them.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
        """
        return self._scripts.read(name)

    def pause(self, name: str, reason: str = "by hand") -> Subscription:
        """Start no more runs; what happens meanwhile is looked at when it is resumed.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            SubscriptionStateError: it lags.
        """
        self._scripts.pause(name, reason)
        return self.get(name)

    def resume(self, name: str, *, skip_gap: bool = False) -> Subscription:
        """Go on where it was.

        Args:
            name: of the subscription.
            skip_gap: for one that lags: go on after the events that are missing.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            SubscriptionStateError: it lags, and `skip_gap` is not given.
        """
        self._scripts.resume(name, skip_gap=skip_gap)
        wake(self._deployment.index, self._deployment.hints)
        return self.get(name)

    def delete(self, name: str) -> None:
        """Forget it and what it has matched; its runs go on.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
        """
        self._scripts.delete(name)

    def plan_backfill(
        self, name: str, *, since: int | datetime, again: bool = False
    ) -> "BackfillPlan":
        """Count what a backfill would start; changes nothing.

        Args:
            name: of the subscription.
            since: a revision, or a moment: versions that were published later are looked at.
            again: whether versions that had their run get another.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            BackfillRefusedError: it is for moves of an alias only, which are not kept.
            ArgumentError: `since` cannot be used.
        """
        from raincheck.subscribing import backfilling  # noqa: PLC0415 - it imports pipelines

        begin = backfilling.since_of(since)
        return backfilling.plan_backfill(self._deployment, name, begin, again=again)

    def backfill(
        self,
        name: str,
        *,
        since: int | datetime,
        again: bool = False,
        cascade: bool = False,
        limit: int = 4,
        priority: int | None = 9,
    ) -> Backfill:
        """Start runs for versions that were there before; the workers do it by and by.

        Args:
            name: of the subscription.
            since: a revision, or a moment: versions that were published later are looked at.
            again: whether versions that had their run get another.
            cascade: whether the events of its runs start further runs.
            limit: runs of it that live at once.
            priority: of their messages; on Redis 9 comes last.

        Raises:
            SubscriptionNotFoundError: there is none of that name.
            BackfillRefusedError: it is for moves of an alias only, which are not kept.
            ArgumentError: `since` or `limit` cannot be used.
        """
        from raincheck.subscribing import backfilling  # noqa: PLC0415 - it imports pipelines

        options = BackfillOptions(limit=limit, priority=priority, again=again, cascade=cascade)
        begin = backfilling.since_of(since)
        return backfilling.start_backfill(self._deployment, name, begin, options)
