"""`raincheck demo`: the whole idea in a few seconds."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from raincheck.deployment import Deployment, use_deployment
from raincheck.settings import Settings
from raincheck_contracts.errors import RaincheckError
from raincheck_workers.cli.error_lines import FAILED
from raincheck_workers.cli.output import messages, output, print_error
from raincheck_workers.demo.home import demo_home
from raincheck_workers.demo.interruption import Interruption, interruptible
from raincheck_workers.demo.scenario import MODULE, Scenario
from raincheck_workers.demo.worker_process import WorkerProcess, worker_process


def demo(
    *,
    home: Annotated[
        Path | None,
        typer.Option(help="A new folder, which is kept. Default: a temporary one."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary folder.")] = False,
) -> None:
    """Queue a pipeline whose models do not exist yet, train them, watch it wake.

    Starts a server and a worker of its own, in a folder of its own, and ends both.
    """
    console = output()
    with interruptible() as interruption, demo_home(home, keep=keep) as place:
        # Built without the environment: whatever deployment is set there is left alone.
        settings = Settings.model_construct(home=place)
        with (
            ExitStack() as told,
            use_deployment(Deployment(settings)) as deployment,
            worker_process(settings, MODULE) as worker,
        ):
            _play(Scenario(console, deployment, worker), worker, interruption)
            told.enter_context(console.status("ending the worker and the server"))
    _next(console, place if keep or home else None)


def _play(scenario: Scenario, worker: WorkerProcess, interruption: Interruption) -> None:
    try:
        with interruption.undisguised():
            scenario.play()
    except (RaincheckError, TimeoutError) as error:
        print_error(str(error))
        messages().print(Text(f"The worker's log ends so:\n{worker.log_tail()}"))
        raise typer.Exit(FAILED) from error
    except KeyboardInterrupt:
        messages().print("interrupted: ending the worker and the server")
        raise


def _next(console: Console, kept: Path | None) -> None:
    console.print(Text("\nNext", style="bold"))
    if kept is None:
        console.print("  raincheck demo --keep      the same, and the folder stays to look around")
    else:
        console.print(Text(f"  export RAINCHECK_HOME={kept}"), soft_wrap=True)
        console.print("  raincheck runs list        then: runs show RUN, artifacts list, waiting")
    console.print(Text(f"  raincheck worker {MODULE}"))
    console.print(Text(f"  raincheck enqueue {MODULE}:train -p alpha=0.5 --wait"))
