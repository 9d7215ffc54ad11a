"""`raincheck subscriptions pause`, `resume` and `delete`."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck.messaging.waking import wake
from raincheck_workers.cli.asking import YesOption, ask
from raincheck_workers.cli.output import output
from raincheck_workers.cli.subscriptions_show import SubscriptionArgument


def pause(
    name: SubscriptionArgument,
    *,
    reason: Annotated[str, typer.Option(help="Recorded with it.")] = "paused by hand",
) -> None:
    """Let a subscription start no more runs; what happens meanwhile it looks at when resumed.

    Its live runs go on.
    """
    current_deployment().index.subscriptions.pause(name, reason)
    output().print(f"subscription {name} is paused")


def resume(
    name: SubscriptionArgument,
    *,
    skip_gap: Annotated[
        bool,
        typer.Option("--skip-gap", help="One that lags: go on after the events that are missing."),
    ] = False,
) -> None:
    """Let a subscription go on where it was."""
    deployment = current_deployment()
    deployment.index.subscriptions.resume(name, skip_gap=skip_gap)
    wake(deployment.index, deployment.hints)
    output().print(f"subscription {name} is active")


def delete(name: SubscriptionArgument, *, yes: YesOption = False) -> None:
    """Forget a subscription with what it has not started yet; its runs go on.

    On a terminal it asks first.
    """
    scripts = current_deployment().index.subscriptions
    found = scripts.read(name)
    waiting = f" and its {found.pending} pending matches" if found.pending else ""
    ask(f"Delete subscription {name}{waiting}?", yes=yes)
    scripts.delete(name)
    output().print(f"subscription {name} is deleted; its live runs ({found.live}) go on")
