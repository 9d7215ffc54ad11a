"""`raincheck worker`: Celery's worker for the pipelines of some modules."""

from enum import StrEnum
from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.celery import app
from raincheck_workers.cli.modules import import_named
from raincheck_workers.start_check import check_server


class Pool(StrEnum):
    """How a worker runs several steps at once."""

    PREFORK = "prefork"
    THREADS = "threads"
    SOLO = "solo"


class LogLevel(StrEnum):
    """From which level on the worker logs."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def worker(
    modules: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODULE...", help="Modules with steps; more in RAINCHECK_IMPORTS."),
    ] = None,
    *,
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", "-c", min=1, help="Steps at once; default: CPUs."),
    ] = None,
    pool: Annotated[Pool, typer.Option(help="Processes, threads, or one step.")] = Pool.PREFORK,
    queues: Annotated[
        str | None, typer.Option("--queues", "-Q", help="Queues, separated by commas.")
    ] = None,
    loglevel: Annotated[LogLevel, typer.Option("--loglevel", "-l")] = LogLevel.INFO,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="Celery's node name, for a second worker on a host."),
    ] = None,
) -> None:
    """Run the steps of these modules, until Ctrl-C.

    The same as `celery -A raincheck_workers worker -I MODULE ...`, which works too.
    """
    named = modules or []
    imports = current_deployment().settings.imports
    if not named and not imports:
        problem = "no module is named"
        raise ArgumentError("raincheck worker", problem, "For example raincheck worker forecasting")
    for module in (*named, *imports):
        import_named("raincheck worker", module)
    check_server(current_deployment())
    options = {
        "--include": ",".join(named),
        "--concurrency": concurrency,
        "--pool": pool.value,
        "--queues": queues,
        "--loglevel": loglevel.value.upper(),
        "--hostname": name,
    }
    given = [f"{option}={value}" for option, value in options.items() if value]
    # In this process: signals reach Celery itself, and what was imported above is forked.
    app.worker_main(["worker", *given])
