"""What a backfill would start, counted before it does; and steering subscriptions by the client."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from raincheck import Client, Deployment
from raincheck_contracts.errors import ArgumentError, SubscriptionNotFoundError
from raincheck_contracts.subscriptions import Grouping, SubscriptionState
from tests.support.deployments import local_deployment, sent
from tests.support.driver import Driver
from tests.support.servers import fake_index
from tests.support.subscribing import EACH, NEWEST, advance, batch, subscribe, version_of


@pytest.fixture
def deployment(tmp_path: Path) -> Generator[Deployment]:
    """One with five versions of `model` and two of `data`."""
    with local_deployment(tmp_path, fake_index()) as made:
        driver = Driver(made.index)
        for artifact in ("model", "model", "data", "model", "data", "model", "model"):
            driver.publish(artifact)
        yield made


@pytest.mark.parametrize(
    ("conditions", "group", "versions", "runs"),
    [
        ((version_of(),), EACH, 5, 5),
        ((version_of(),), batch(60, most=2), 5, 3),
        ((version_of(),), NEWEST, 5, 1),
        ((version_of(tag="none"),), NEWEST, 0, 0),
        ((version_of(), version_of("data")), EACH, 7, 2),
    ],
)
def test_a_plan_counts_what_is_started(
    deployment: Deployment, conditions: tuple[Any, ...], group: Grouping, versions: int, runs: int
) -> None:
    """The plan says so many runs, and so many there are."""
    subscribe(deployment.index, "sub", *conditions, group=group)
    subscriptions = Client(deployment).subscriptions
    plan = subscriptions.plan_backfill("sub", since=0)
    assert (plan.versions, plan.runs, plan.passed) == (versions, runs, 0)
    subscriptions.backfill("sub", since=0, limit=10)
    advance(deployment.index)
    assert subscriptions.get("sub").counts.started == runs


def test_a_time_is_as_good_as_a_revision(deployment: Deployment) -> None:
    """What was published after it; a number below 0 is neither."""
    subscribe(deployment.index)
    subscriptions = Client(deployment).subscriptions
    now = datetime.now(UTC)
    assert subscriptions.plan_backfill("sub", since=now - timedelta(hours=1)).runs == 5
    assert subscriptions.plan_backfill("sub", since=now + timedelta(hours=1)).runs == 0
    with pytest.raises(ArgumentError, match="-1 is no revision"):
        subscriptions.plan_backfill("sub", since=-1)
    with pytest.raises(ArgumentError, match="limit=0"):
        subscriptions.backfill("sub", since=0, limit=0)
    with pytest.raises(SubscriptionNotFoundError):
        subscriptions.backfill("other", since=0)


def test_the_client_pauses_and_resumes(deployment: Deployment) -> None:
    """And tells the workers at once of what has gathered."""
    subscribe(deployment.index)
    subscriptions = Client(deployment).subscriptions
    paused = subscriptions.pause("sub", "for the night")
    assert (paused.state, paused.reason) == (SubscriptionState.PAUSED, "for the night")
    Driver(deployment.index).publish("model")
    assert sent(deployment) == []
    assert subscriptions.resume("sub").state is SubscriptionState.ACTIVE
    assert [task.run for task in sent(deployment)] == ["sub+1+model@6"]
    with pytest.raises(SubscriptionNotFoundError, match="sub"):
        subscriptions.pause("sup")
