"""The command line as a whole: global options and the list of commands."""

from importlib.metadata import version
from typing import Annotated

import typer

from raincheck_workers.cli.artifacts import artifacts
from raincheck_workers.cli.bad_messages import messages
from raincheck_workers.cli.demo import demo
from raincheck_workers.cli.deploy import deploy
from raincheck_workers.cli.dev import dev
from raincheck_workers.cli.doctor import doctor
from raincheck_workers.cli.enqueue import enqueue
from raincheck_workers.cli.error_lines import EXIT_CODES, OneLineErrors
from raincheck_workers.cli.events import events
from raincheck_workers.cli.lineage import lineage
from raincheck_workers.cli.models import models
from raincheck_workers.cli.namespaces import namespaces
from raincheck_workers.cli.resolve import resolve
from raincheck_workers.cli.runs import runs
from raincheck_workers.cli.subscriptions import subscriptions
from raincheck_workers.cli.waiting import waiting
from raincheck_workers.cli.why import why
from raincheck_workers.cli.worker import worker

app = typer.Typer(
    name="raincheck",
    help="Pipelines that exchange artifacts by late materialization.",
    epilog=EXIT_CODES,
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(*, value: bool) -> None:
    if value:
        typer.echo(f"raincheck {version('raincheck')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which it is."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    # `debug` is read from the context, by OneLineErrors.
    del debug


app.command()(demo)
app.command()(dev)
app.command()(worker)
app.command()(enqueue)
app.command()(deploy)
app.add_typer(runs, name="runs")
app.add_typer(artifacts, name="artifacts")
app.add_typer(models, name="models")
app.add_typer(subscriptions, name="subscriptions")
app.command()(why)
app.command()(waiting)
app.command()(events)
app.add_typer(messages, name="messages")
app.add_typer(namespaces, name="namespaces")
app.command()(resolve)
app.command()(lineage)
app.command()(doctor)


def main() -> None:
    """Run the command that the arguments name; ends the process with its exit code."""
    app()
