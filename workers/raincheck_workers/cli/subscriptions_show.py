"""`raincheck subscriptions show`: one subscription in full."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.subscription_page import subscription_page

SubscriptionArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Of the subscription; by default its pipeline's.")
]


def show(name: SubscriptionArgument, *, as_json: JsonOption = False) -> None:
    """Show a subscription: its condition, state, counts, live runs and deployments."""
    index = current_deployment().index
    found = index.subscriptions.read(name)
    deployments, live = index.subscriptions.deployments(name), index.matches.lane(name).live
    backfills = index.backfills.all(name)
    if not as_json:
        output().print(subscription_page(found, deployments, live, backfills))
        return
    print_json(
        {
            **found.model_dump(mode="json"),
            "runs": list(live),
            "backfills": [item.model_dump(mode="json") for item in backfills],
            "deployments": [{"version": item.version, "at": item.at} for item in deployments],
        }
    )
