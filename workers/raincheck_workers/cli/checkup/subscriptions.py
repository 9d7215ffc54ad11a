"""Subscriptions that have missed events, or paused by themselves."""

from collections.abc import Iterator

from raincheck.deployment import Deployment
from raincheck_contracts.subscriptions import Subscription, SubscriptionState
from raincheck_workers.fitness.check import Check, ok, warning


def subscription_checks(deployment: Deployment) -> Iterator[Check]:
    """Look at the subscriptions; says nothing when there are none.

    Raises:
        IndexUnavailableError: the index does not answer.
    """
    subscriptions = deployment.index.subscriptions.all()
    found = [check for item in subscriptions for check in _checks(item)]
    yield from found
    if subscriptions and not found:
        yield ok("events", f"{len(subscriptions)} subscriptions, none has missed an event")


def _checks(subscription: Subscription) -> Iterator[Check]:
    name = subscription.definition.name
    match subscription.state:
        case SubscriptionState.LAGGED:
            remedy = (
                f"raincheck subscriptions resume {name} --skip-gap, then raincheck subscriptions "
                f"backfill {name}"
            )
            yield warning("events", f"{name} lags: {subscription.reason}", remedy)
        case SubscriptionState.PAUSED:
            remedy = f"raincheck subscriptions resume {name}"
            yield warning("events", f"{name} is paused: {subscription.reason}", remedy)
        case SubscriptionState.ACTIVE:
            if subscription.lacks:
                remedy = "Publish it, or deploy the pipeline without it in requires="
                yield warning("events", f"{name} lacks {subscription.lacks}", remedy)
