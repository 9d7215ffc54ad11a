"""`raincheck enqueue`: queue a pipeline, and perhaps follow its run."""

from typing import Annotated

import typer

from raincheck.durations import seconds_of
from raincheck.queueing.enqueue import EnqueueOptions
from raincheck.queueing.enqueue import enqueue as enqueue_pipeline
from raincheck_workers.cli.following import follow
from raincheck_workers.cli.modules import pipeline_named
from raincheck_workers.cli.named_values import named_values
from raincheck_workers.cli.output import JsonOption, messages, print_json

Duration = Annotated[str | None, typer.Option(metavar="TIME", help="Such as 30, 30s, 5m, 1h.")]


def enqueue(  # noqa: PLR0913 - the options of `apply_async`
    target: Annotated[str, typer.Argument(metavar="MODULE:PIPELINE")],
    *,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", "-p", metavar="NAME=VALUE", help="JSON, else text. May be repeated."
        ),
    ] = None,
    queue: Annotated[str | None, typer.Option(help="Of the steps that name none.")] = None,
    priority: Annotated[int | None, typer.Option(help="0 to 9; on Redis 0 comes first.")] = None,
    countdown: Duration = None,
    expires: Duration = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key gives the same run.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Compute steps with cache= anyhow.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    timeout: Duration = None,
    as_json: JsonOption = False,
) -> None:
    """Queue a pipeline and print the id of its run.

    With --wait the exit code is 0 when the run succeeded, 1 when it failed or was
    cancelled, 3 when --timeout ran out, 130 after Ctrl-C (the run goes on).
    """
    options = EnqueueOptions(
        queue=queue,
        priority=priority,
        countdown=_seconds("--countdown", countdown),
        expires=_seconds("--expires", expires),
        idempotency_key=idempotency_key,
        cache=not no_cache,
    )
    limit = _seconds("--timeout", timeout)
    pipeline = pipeline_named("raincheck enqueue", target)
    handle = enqueue_pipeline(pipeline, (), named_values("--param", param or ()), options)
    if not as_json:
        typer.echo(handle.id)
    code = follow(handle, messages(), limit) if wait else 0
    if as_json:
        print_json(handle.run().model_dump(mode="json"))
    raise typer.Exit(code)


def _seconds(option: str, text: str | None) -> float | None:
    return None if text is None else seconds_of(text, setting=option)
