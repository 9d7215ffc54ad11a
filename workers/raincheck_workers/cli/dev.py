"""`raincheck dev`: everything that one machine needs, in one terminal."""

import os
from collections.abc import Sequence
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console

from raincheck.deployment import Deployment, current_deployment
from raincheck.embedded import release_server
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.celery_process import worker_arguments
from raincheck_workers.cli.modules import import_named
from raincheck_workers.cli.output import messages, output
from raincheck_workers.cli.rendering.dev_banner import Addresses, dev_banner
from raincheck_workers.dev.changes import WatchedModules
from raincheck_workers.dev.flower import (
    flower_arguments,
    flower_is_installed,
    flower_url,
    free_port,
)
from raincheck_workers.dev.session import Session
from raincheck_workers.start_check import check_server

_COMMAND = "raincheck dev"


def dev(
    modules: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODULE...", help="Modules with steps; more in RAINCHECK_IMPORTS."),
    ] = None,
    *,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "-c", min=1, help="Steps at once; default: CPUs.")
    ] = None,
    flower_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Of Flower; the next free one if it is taken.")
    ] = 5_555,
    flower: Annotated[bool, typer.Option("--flower/--no-flower", help="Start Flower too.")] = True,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start a new worker when a module's file changes.")
    ] = False,
) -> None:
    """Run server, worker and Flower together, until Ctrl-C ends all of them.

    The server is the one of RAINCHECK_URL, or the embedded one.
    """
    deployment = current_deployment()
    wanted = [*(modules or []), *deployment.settings.imports]
    names = list(dict.fromkeys(wanted))
    if not names:
        raise ArgumentError(_COMMAND, "no module is named", "For example raincheck dev forecasting")
    imported = [import_named(_COMMAND, name) for name in names]
    check_server(deployment)
    try:
        port = _flower_port(flower_port, wanted=flower)
        worker = worker_arguments(names, concurrency or os.cpu_count() or 1, "dev")
        page = None if port is None else flower_arguments(port)
        console = output()
        _show_banner(console, deployment, imported, port)
        watched = WatchedModules(imported) if reload else None
        Session(deployment, worker, page, console).run(watched)
    finally:
        deployment.index.connection.close()
        if deployment.settings.url is None:
            release_server(deployment.settings.home.absolute())


def _flower_port(first: int, *, wanted: bool) -> int | None:
    if not wanted:
        return None
    if not flower_is_installed():
        messages().print("Flower is not installed; for it: pip install 'raincheck[flower]'")
        return None
    return free_port(first)


def _show_banner(
    console: Console, deployment: Deployment, modules: Sequence[ModuleType], port: int | None
) -> None:
    addresses = Addresses(
        server=deployment.index_url,
        embedded=deployment.settings.url is None,
        blobs=deployment.settings.blob_folder,
        flower=None if port is None else flower_url(port),
    )
    console.print(dev_banner(addresses, modules), soft_wrap=True)
