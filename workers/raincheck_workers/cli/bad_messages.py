"""`raincheck messages`: what was taken from the broker and not acted on."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.bad_message_list import bad_message_list
from raincheck_workers.cli.rendering.nothing import print_nothing

messages = typer.Typer(help="Look at messages that were put aside.", no_args_is_help=True)


@messages.callback()
def _messages() -> None:
    """Keep `bad` a command of its own, though it is the only one."""


@messages.command()
def bad(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the messages that workers refused, each with the reason; newest first."""
    deployment = current_deployment()
    found = deployment.index.bad_messages.newest(limit)
    if as_json:
        print_json([message.document() for message in found])
    elif found:
        output().print(bad_message_list(found))
    else:
        print_nothing("bad messages", deployment)
