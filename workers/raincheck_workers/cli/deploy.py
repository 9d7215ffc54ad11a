"""`raincheck deploy`: let events start the pipelines of a module."""

from collections.abc import Sequence
from types import ModuleType
from typing import Annotated, Any

import typer

from raincheck.authoring.pipeline import Pipeline
from raincheck.deployment import Deployment, current_deployment
from raincheck.subscribing.definition import RunOptions, build_deployable
from raincheck.subscribing.deploying import DeploymentPlan, plan
from raincheck.subscribing.deploying import deploy as deploy_planned
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.subscriptions import Subscription
from raincheck_workers.cli.asking import YesOption, ask
from raincheck_workers.cli.modules import import_named
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.rendering.deployment_plan import left_over_line, plan_page

_DEPLOY = "raincheck deploy"


def deploy(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="That defines the pipelines.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Deploy a module's pipelines that have triggers: from now on events start them.

    Shows what is new, changed or the same before anything is changed; on a terminal it asks.
    They work without the author's process, as soon as workers import the module.
    """
    deployment = current_deployment()
    plans = [_plan(deployment, item) for item in _triggered(import_named(_DEPLOY, module))]
    left_over = _left_over(deployment, module, plans)
    said = messages() if as_json else output()
    said.print(plan_page(plans))
    changes = [item for item in plans if item.change != "same"]
    if changes and not dry_run:
        ask(f"Deploy {len(changes)} of {len(plans)} subscriptions?", yes=yes)
        for planned in changes:
            done = deploy_planned(deployment, planned)
            said.print(f"{planned.name} is deployed, deployment {done.version}")
    elif changes:
        said.print("nothing was changed")
    for subscription in left_over:
        messages().print(left_over_line(module, subscription), soft_wrap=True)
    if as_json:
        print_json(_document(plans, left_over, dry_run=dry_run))


def _triggered(module: ModuleType) -> list[Pipeline[..., Any]]:
    """The pipelines that a module itself defines and that have triggers.

    Raises:
        ArgumentError: there is none, or two have one name.
    """
    found = [item for item in vars(module).values() if isinstance(item, Pipeline)]
    own = [item for item in found if item.function.__module__ == module.__name__]
    triggered = list(dict.fromkeys(item for item in own if item.subscribing))
    if not triggered:
        has = ", ".join(dict.fromkeys(item.name for item in own)) or "no pipeline at all"
        problem = f"no pipeline of {module.__name__!r} has triggers; it has {has}"
        remedy = 'Write @pipeline(triggers=[published("model")])'
        raise ArgumentError(_DEPLOY, problem, remedy)
    names = [item.name for item in triggered]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problem = f"two pipelines of {module.__name__!r} are named {twice[0]!r}"
        raise ArgumentError(_DEPLOY, problem, "A subscription has its pipeline's name; give name=")
    return triggered


def _plan(deployment: Deployment, pipeline: Pipeline[..., Any]) -> DeploymentPlan:
    made = build_deployable(deployment, pipeline, pipeline.name, pipeline.subscribing, RunOptions())
    return plan(deployment, made)


def _left_over(
    deployment: Deployment, module: str, plans: Sequence[DeploymentPlan]
) -> list[Subscription]:
    """Subscriptions to pipelines of the module that are not deployed by it now."""
    names = {planned.name for planned in plans}
    return [
        subscription
        for subscription in deployment.index.subscriptions.all()
        if subscription.definition.function.startswith(f"{module}:")
        and subscription.definition.name not in names
    ]


def _document(
    plans: Sequence[DeploymentPlan], left_over: Sequence[Subscription], *, dry_run: bool
) -> dict[str, Any]:
    return {
        "subscriptions": [
            {
                "name": planned.name,
                "pipeline": planned.subscription.definition.pipeline,
                "change": planned.change,
                "difference": list(planned.difference) if planned.change == "changed" else [],
                "warnings": list(planned.warnings),
            }
            for planned in plans
        ],
        "left_over": [subscription.definition.name for subscription in left_over],
        "deployed": not dry_run,
    }
