"""`raincheck events`: what changed in the index, one line or one CloudEvent an event."""

from collections.abc import Iterator
from typing import Annotated

import typer

from raincheck.client.client import Client
from raincheck.deployment import Deployment, current_deployment
from raincheck_contracts.events import Event
from raincheck_workers.cli.output import messages, output
from raincheck_workers.cli.rendering.event_line import event_line
from raincheck_workers.cli.rendering.nothing import print_nothing

_INTERRUPTED = 130  # as a shell says that Ctrl-C ended a command


def events(
    *,
    since: Annotated[
        str | None,
        typer.Option(help="Those after this revision, or after the event with this id."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with those to come, until Ctrl-C.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Without --since: the newest so many.")
    ] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a CloudEvent a line, as JSON.")
    ] = False,
) -> None:
    """Show what changed, in the order of the index: publications, aliases, tags, metadata, ends."""
    deployment = current_deployment()
    shown = 0
    try:
        for event in _events(deployment, since, limit, follow=follow):
            shown += 1
            if as_json:
                typer.echo(event.model_dump_json())
            else:
                output().print(event_line(event), soft_wrap=True)
    except KeyboardInterrupt:
        messages().print("stopped following")
        raise typer.Exit(_INTERRUPTED) from None
    if not shown and not as_json:
        print_nothing("events" if since is None else f"events after {since}", deployment)


def _events(
    deployment: Deployment, since: str | None, limit: int, *, follow: bool
) -> Iterator[Event]:
    if since is not None:
        yield from Client(deployment).events(since=since, follow=follow)
        return
    log = deployment.index.events
    start = log.position(None)
    newest = log.newest(limit) if limit else []
    yield from newest
    if follow:
        last = newest[-1].id if newest else start
        yield from Client(deployment).events(since=last, follow=True)
