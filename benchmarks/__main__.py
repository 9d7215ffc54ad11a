"""Run measurements: `python -m benchmarks [--repeats N] [--pool prefork] [--only NAME]`.

The names are resolving, running, waking, and of subscriptions triggering, fanning-out,
waking-many and marking, and listing and selecting of so many `--versions`; `--only` may be given
several times, all are run without it.
"""

import logging
import secrets
import time
from collections.abc import Callable
from typing import Annotated

import typer
from celery import chain

from benchmarks.bench import Bench, running_bench
from benchmarks.listing import listing
from benchmarks.measure import Sample, show, timed
from benchmarks.selecting import selecting
from benchmarks.subscribing import fanning_out, marking, triggering, waking_many
from benchmarks.workload import bare, link, one_step, ten_steps, waiter
from raincheck import RunStatus, save_artifact
from raincheck_contracts.reference_text import parse_reference


def resolving(bench: Bench, repeats: int) -> None:
    """Ten references of one step in one read, beside a plain GET."""
    save_artifact(1.0, "model", metadata={"MSE": 0.5})
    client = bench.deployment.index.connection.client
    client.execute_command("SET", "bench:plain", "1")
    texts = ["model@1", "model:latest", "model?min=MSE", "model:latest#/MSE", "model@1#/MSE"]
    references = [parse_reference(text) for text in texts * 2]
    versions = bench.deployment.index.versions
    gets, resolves = [], []
    for _ in range(repeats):
        gets += timed(lambda: client.execute_command("GET", "bench:plain"), 10)
        resolves += timed(lambda: versions.resolve(references), 10)
    samples = [Sample("GET", gets), Sample("resolve 10 references", resolves)]
    show("Resolving", samples, {"resolve 10 references": "GET"})


def running(bench: Bench, repeats: int) -> None:
    """One step and a chain of ten, beside Celery's own task and chain."""
    one, ten, task, tasks = [], [], [], []
    for _ in range(repeats):
        task.append(bench.latency(lambda key: bare.apply_async((key,))))
        one.append(bench.latency(lambda key: one_step.delay(f"{key}/first")))
        tasks.append(bench.latency(_celery_chain))
        ten.append(bench.latency(lambda key: ten_steps.delay(f"{key}/following_9")))
    samples = [
        Sample("bare Celery task", task),
        Sample("one-step pipeline", one),
        Sample("Celery chain of ten", tasks),
        Sample("ten-step pipeline", ten),
    ]
    baselines = {
        "one-step pipeline": "bare Celery task",
        "Celery chain of ten": "bare Celery task",
        "ten-step pipeline": "Celery chain of ten",
    }
    show("From the call to the first line of the last function", samples, baselines)


def _celery_chain(key: str) -> None:
    first = link.s("value", key=key, left=9)
    chain(first, *(link.s(key=key, left=left) for left in range(8, -1, -1))).apply_async()


def waking(bench: Bench, repeats: int) -> None:
    """From the return of save_artifact to the first line of the step that waited."""
    woken, task = [], []
    for _ in range(repeats):
        name, key = f"awaited-{secrets.token_hex(4)}", secrets.token_hex(8)
        handle = waiter.delay(name, key)
        while handle.status() is not RunStatus.WAITING:
            time.sleep(0.002)
        save_artifact(1.0, name)
        returned = time.monotonic()
        woken.append(max(0.0, bench.until_noted(key) - returned))
        task.append(bench.latency(lambda key: bare.apply_async((key,))))
    samples = [Sample("bare Celery task", task), Sample("waiting step starts", woken)]
    show("Wait to start", samples, {"waiting step starts": "bare Celery task"})


def main(
    repeats: Annotated[int, typer.Option(help="samples of each")] = 200,
    pool: Annotated[str, typer.Option(help="prefork, threads or solo")] = "prefork",
    only: Annotated[list[str] | None, typer.Option(help="names of measurements")] = None,
    versions: Annotated[
        int, typer.Option(help="of the artifact that is listed, or in all")
    ] = 100_000,
) -> None:
    """Measure on a server and a worker of this run's own."""
    measurements: dict[str, Callable[[Bench], None]] = {
        "resolving": lambda bench: resolving(bench, repeats),
        "running": lambda bench: running(bench, repeats),
        "waking": lambda bench: waking(bench, repeats),
        "triggering": lambda bench: triggering(bench, repeats),
        "fanning-out": fanning_out,
        "waking-many": waking_many,
        "marking": lambda bench: marking(bench, repeats),
        "listing": lambda bench: listing(bench, repeats, versions),
        "selecting": lambda bench: selecting(bench, repeats, versions),
    }
    unknown = set(only or ()) - measurements.keys()
    if unknown:
        raise typer.BadParameter(f"there are {', '.join(measurements)}")
    logging.getLogger("raincheck").setLevel(logging.ERROR)  # names are unknown on purpose
    with running_bench(pool) as bench:
        for name, measure in measurements.items():
            if not only or name in only:
                measure(bench)


if __name__ == "__main__":
    typer.run(main)
