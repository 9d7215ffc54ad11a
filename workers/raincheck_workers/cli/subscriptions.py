"""`raincheck subscriptions`: list them, show, test, pause, resume, delete or backfill one."""

import typer

from raincheck.deployment import current_deployment
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.rendering.nothing import print_nothing
from raincheck_workers.cli.rendering.subscription_table import subscription_table
from raincheck_workers.cli.subscriptions_backfill import backfill
from raincheck_workers.cli.subscriptions_change import delete, pause, resume
from raincheck_workers.cli.subscriptions_show import show
from raincheck_workers.cli.subscriptions_try import try_version

subscriptions = typer.Typer(
    help="List, show, test, pause, resume, delete and backfill what events start.",
    no_args_is_help=True,
)


@subscriptions.command("list")
def list_subscriptions(*, as_json: JsonOption = False) -> None:
    """List subscriptions: what starts each, and how far it is."""
    deployment = current_deployment()
    with messages().status("reading subscriptions"):
        found = deployment.index.subscriptions.all()
    if as_json:
        print_json([subscription.model_dump(mode="json") for subscription in found])
    elif found:
        output().print(subscription_table(found))
    else:
        print_nothing("subscriptions", deployment)


subscriptions.command()(show)
subscriptions.command("test")(try_version)
subscriptions.command()(pause)
subscriptions.command()(resume)
subscriptions.command()(delete)
subscriptions.command()(backfill)
