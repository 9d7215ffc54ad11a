"""Deploying a subscription: look at the difference, then store it."""

import difflib
import json
from dataclasses import dataclass
from typing import Literal

from raincheck.deployment import Deployment
from raincheck.index.deployable import Deployable
from raincheck.messaging.waking import wake
from raincheck.subscribing.definition import loops
from raincheck_contracts.errors import SubscriptionNotFoundError
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.subscriptions import Subscription, SubscriptionDefinition


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """What deploying a subscription would change."""

    subscription: Deployable
    current: Subscription | None
    """None when there is none of its name."""
    difference: tuple[str, ...]
    """Lines of a unified diff of the two definitions with their compiled pipelines."""
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the subscription."""
        return self.subscription.definition.name

    @property
    def change(self) -> Literal["new", "changed", "same"]:
        """What deploying it would be."""
        if self.current is None:
            return "new"
        same = self.current.definition == self.subscription.definition
        return "same" if same else "changed"


def plan(deployment: Deployment, made: Deployable) -> DeploymentPlan:
    """Compare a subscription with the one that is deployed; changes nothing."""
    scripts, name = deployment.index.subscriptions, made.definition.name
    before: list[str] = []
    current = None
    try:
        current = scripts.read(name)
        before = _lines(current.definition, scripts.spec(current.definition.spec))
    except SubscriptionNotFoundError:
        pass
    after = _lines(made.definition, made.spec)
    difference = difflib.unified_diff(before, after, "deployed", "new", lineterm="")
    return DeploymentPlan(made, current, tuple(difference), _warnings(made))


def deploy(deployment: Deployment, planned: DeploymentPlan) -> Subscription:
    """Store a subscription as it was planned; the same again changes nothing.

    Raises:
        SubscriptionMovedError: somebody has deployed another since it was planned.
        InvalidWriteError: it is over a limit.
    """
    expected = 0 if planned.current is None else planned.current.version
    deployment.index.subscriptions.define(planned.subscription, expected=expected)
    wake(deployment.index, deployment.hints)
    return deployment.index.subscriptions.read(planned.name)


def _lines(definition: SubscriptionDefinition, spec: PipelineSpec) -> list[str]:
    shown = definition.model_dump(mode="json", exclude={"spec"})
    shown["pipeline"] = spec.model_dump(mode="json")
    return json.dumps(shown, indent=2, ensure_ascii=False).splitlines()


def _warnings(made: Deployable) -> tuple[str, ...]:
    definition = made.definition
    looping = loops(made.spec, definition)
    if not looping:
        return ()
    names = " and ".join(map(repr, looping))
    rest = (
        f"feedback=True lets it go round until the depth of {definition.max_depth}"
        if definition.feedback
        else "what its own runs publish is ignored, what others publish is not"
    )
    return (f"{definition.name} publishes {names}, which starts it: {rest}",)
