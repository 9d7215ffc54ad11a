"""From a pipeline with triggers to a subscription, and what it would change."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raincheck import Client, Deployment, all_of, pipeline, published, step, triggering
from raincheck.subscribing.definition import RunOptions, build_deployable
from raincheck.subscribing.deploying import deploy, plan
from raincheck_contracts.errors import ArgumentError, CompileError, SubscriptionMovedError
from tests.support.deployments import local_deployment
from tests.support.servers import fake_index


@step
def use(model: float) -> float:
    """Take a model."""
    return model


@step
def use_all(models: list[float]) -> float:
    """Take several."""
    return sum(models)


@step(name="refine")
def refine(model: float) -> "float":
    """Make a better one."""
    return model


@pipeline(triggers=[published("model")])
def consumer() -> None:
    """Takes its trigger."""
    use(triggering("model"))


@pipeline(triggers=[published("looping.refine.output")])
def looping() -> None:
    """Publishes what starts it."""
    refine(triggering("looping.refine.output"))


@pipeline(triggers=[published("model"), published("data")])
def either() -> None:
    """Another artifact may start it."""
    use(triggering("model"))


@pipeline(triggers=[published("model"), published("data")])
def either_as_list() -> None:
    """Which may be empty."""
    use_all(triggering("model", as_list=True))


@pipeline(triggers=[all_of(published("model"), published("data"))])
def both() -> None:
    """Both are there."""
    use(triggering("model"))


@pipeline(triggers=[published("data")])
def other() -> None:
    """Takes what starts nothing."""
    use(triggering("model"))


@pytest.fixture
def deployment(tmp_path: Path) -> Generator[Deployment]:
    """An empty one."""
    with local_deployment(tmp_path, fake_index()) as made:
        yield made


def _build(deployment: Deployment, made: Any, **options: Any) -> Any:
    subscribing: Any = {**made.subscribing, **options}
    return build_deployable(deployment, made, made.name, subscribing, RunOptions())


def test_a_difference_is_shown_before_anything_changes(deployment: Deployment) -> None:
    """New, then the same, then changed; each deployment has its number."""
    first = plan(deployment, _build(deployment, consumer))
    assert first.change == "new"
    assert deployment.index.subscriptions.names() == []
    assert deploy(deployment, first).version == 1
    again = plan(deployment, _build(deployment, consumer))
    assert (again.change, again.difference) == ("same", ())
    assert deploy(deployment, again).version == 1
    changed = plan(deployment, _build(deployment, consumer, limit=3))
    assert changed.change == "changed"
    assert '+  "limit": 3' in "\n".join(changed.difference).replace(",", "")
    assert deploy(deployment, changed).version == 2
    other = replace(first.subscription, digest="another")  # planned when 1 was there
    with pytest.raises(SubscriptionMovedError, match="at deployment 2 now, not at 1"):
        deploy(deployment, replace(again, subscription=other))


def test_a_loop_is_told(deployment: Deployment) -> None:
    """And what becomes of it."""
    (warning,) = plan(deployment, _build(deployment, looping)).warnings
    assert "its own runs publish is ignored" in warning
    (warning,) = plan(deployment, _build(deployment, looping, feedback=True)).warnings
    assert "until the depth of 8" in warning
    assert plan(deployment, _build(deployment, consumer)).warnings == ()


def test_a_trigger_that_may_be_absent_is_refused(deployment: Deployment) -> None:
    """A run would fail for it; a list may be empty, and an all_of has all."""
    with pytest.raises(CompileError, match="another artifact may start it as well"):
        _build(deployment, either)
    with pytest.raises(CompileError, match="no trigger is about 'model'"):
        _build(deployment, other)
    assert _build(deployment, either_as_list).definition.artifacts == ("model", "data")
    assert len(_build(deployment, both).definition.all_of) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limit": -1}, "limit"),
        ({"when_full": "drop"}, "when_full"),
        ({"max_depth": 0}, "max_depth"),
        ({"name": "no name"}, "is no name of a subscription"),
        ({"triggers": []}, "there are none"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    deployment: Deployment, options: dict[str, Any], words: str
) -> None:
    """Nothing is stored."""
    with pytest.raises(ArgumentError, match=words):
        Client(deployment).subscribe(consumer, **options)
    assert deployment.index.subscriptions.names() == []


def test_one_pipeline_may_have_several_subscriptions(deployment: Deployment) -> None:
    """Under names of their own, each with its options."""
    client = Client(deployment)
    client.subscribe(consumer)
    client.subscribe(consumer, name="slow", limit=1, priority=3, wait="5m")
    names = [item.definition.name for item in client.subscriptions.list()]
    assert names == ["consumer", "slow"]
    slow = client.subscriptions.get("slow").definition
    assert (slow.limit, slow.priority, slow.wait) == (1, 3, 300.0)
    client.subscriptions.delete("slow")
    assert [item.definition.name for item in client.subscriptions.list()] == ["consumer"]
