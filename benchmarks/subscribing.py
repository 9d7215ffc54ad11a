"""Events that start runs: how soon, how many at once, and how long the server is busy with it."""

import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace

from benchmarks.bench import Bench
from benchmarks.measure import Sample, show
from benchmarks.scripts import show_scripts, watched_scripts
from benchmarks.workload import awaiting, bare, on_publication, one_step
from raincheck import Client, each, published, save_artifact
from raincheck.blobs.digest import digest_of
from raincheck.index import Connection, Index
from raincheck.index.deployable import Deployable
from raincheck.index.packing import pack_needs
from raincheck.index.run_scripts import Delivery
from raincheck.subscribing.definition import RunOptions, build_deployable
from raincheck_contracts.pipelines import needs_of

#: A queue that no worker takes from: its runs come to be, and stay.
NOBODY = "nobody"
#: Seconds until something that must come is given up.
PATIENCE = 120.0


def triggering(bench: Bench, repeats: int) -> None:
    """From before save_artifact to the first line of the step that it starts."""
    Client().subscribe(on_publication)
    started, task, one = [], [], []
    for _ in range(repeats):
        task.append(bench.latency(lambda key: bare.apply_async((key,))))
        one.append(bench.latency(lambda key: one_step.delay(f"{key}/first")))
        started.append(bench.latency(lambda key: save_artifact(key, "bench-event")))
    bench.deployment.index.subscriptions.delete("on_publication")
    samples = [
        Sample("bare Celery task", task),
        Sample("one-step pipeline", one),
        Sample("publication starts a step", started),
    ]
    baselines = {
        "one-step pipeline": "bare Celery task",
        "publication starts a step": "bare Celery task",
    }
    show("From the call to the first line of the step", samples, baselines)


def fanning_out(bench: Bench, subscriptions: int = 1_000) -> None:
    """One publication that starts so many runs, beside queueing as many one by one."""
    index = bench.deployment.index
    begun = time.monotonic()
    for _ in range(subscriptions):
        one_step.apply_async(("none",), queue=NOBODY)
    queued = time.monotonic() - begun
    names = _define(index, _subscription(bench, "fan-out"), subscriptions)
    before = len(index.records.run_ids(1_000_000))
    with watched_scripts(index.connection.client) as scripts:
        begun = time.monotonic()
        save_artifact("x", "fan-out")
        returned = time.monotonic() - begun
        _until(lambda: len(index.records.run_ids(1_000_000)) - before >= subscriptions)
        done = time.monotonic() - begun
    for name in names:
        index.subscriptions.delete(name)
    by_hand = f"{subscriptions:,} runs queued one by one"
    all_there = f"all {subscriptions:,} runs are there"
    samples = [
        Sample(by_hand, [queued]),
        Sample("save_artifact returns", [returned]),
        Sample(all_there, [done]),
    ]
    show(f"One publication for {subscriptions:,} subscriptions", samples, {all_there: by_hand})
    show_scripts("At the server meanwhile", scripts, ("publish", "wake", "due"))


def waking_many(bench: Bench, runs: int = 5, steps: int = 2_000) -> None:
    """One publication that so many steps wait for, beside parking them one by one."""
    index, name = bench.deployment.index, f"awaited-{secrets.token_hex(4)}"
    index.nodes.beat("bench", 10_000, register=True)
    handles = [awaiting.apply_async((name, steps), queue=NOBODY) for _ in range(runs)]
    begun = time.monotonic()
    for handle in handles:
        _claim_all(index, handle.id)
    parked = time.monotonic() - begun
    waiting = f"{index.connection.prefix}waiting"
    with watched_scripts(index.connection.client) as scripts:
        begun = time.monotonic()
        save_artifact(1.0, name)
        returned = time.monotonic() - begun
        _until(lambda: not index.connection.ask([("ZCARD", waiting)])[0])
        done = time.monotonic() - begun
    by_hand, all_ready = f"{runs * steps:,} claims that park", f"all {runs * steps:,} are ready"
    samples = [
        Sample(by_hand, [parked]),
        Sample("save_artifact returns", [returned]),
        Sample(all_ready, [done]),
    ]
    show(f"One publication for {runs * steps:,} steps", samples, {all_ready: by_hand})
    show_scripts("At the server meanwhile", scripts, ("publish", "wake", "due"))
    for handle in handles:
        handle.cancel()


def marking(bench: Bench, repeats: int, subscriptions: int = 10_000) -> None:
    """The script that publishes, alone: with so many subscriptions to the artifact, and none."""
    made = _subscription(bench, "crowded")
    with _apart(bench) as index:
        _define(index, made, subscriptions)
        seconds = {}
        for artifact in ("quiet", "crowded"):
            new = bench.deployment.store.prepare("x", artifact)
            with watched_scripts(index.connection.client) as scripts:
                for _ in range(repeats):
                    index.versions.publish(secrets.token_hex(8), new)
                    # As if all had looked: else there was nothing left to mark.
                    index.connection.ask([("DEL", f"{index.connection.prefix}dirty")])
            seconds[artifact] = scripts.of("publish")
    none, many = "publish, no subscription", f"publish, {subscriptions:,} subscriptions"
    samples = [Sample(none, seconds["quiet"]), Sample(many, seconds["crowded"])]
    show("The script of a publication, at the server", samples, {many: none})


@contextmanager
def _apart(bench: Bench) -> Generator[Index]:
    """An index on the same server at which no worker looks."""
    index = Index(Connection(bench.deployment.index_url, f"bench-{secrets.token_hex(4)}"))
    try:
        yield index
    finally:
        index.connection.close()


def _subscription(bench: Bench, artifact: str) -> Deployable:
    return build_deployable(
        bench.deployment,
        one_step,
        artifact,
        {"triggers": [published(artifact)], "group": each()},
        RunOptions(parameters={"token": "none"}, queue=NOBODY),
    )


def _define(index: Index, made: Deployable, count: int) -> list[str]:
    """Deploy it under so many names; their names."""
    names = [f"{made.definition.name}-{number}" for number in range(count)]
    for name in names:
        definition = made.definition.model_copy(update={"name": name})
        digest = digest_of(definition.canonical_json().encode())
        index.subscriptions.define(replace(made, definition=definition, digest=digest), expected=0)
    return names


def _claim_all(index: Index, run: str) -> None:
    for step in index.records.spec(run).steps:
        index.runs.claim(
            run,
            step.name,
            digest=digest_of(step.canonical_json().encode()),
            delivery=Delivery(nonce=secrets.token_hex(8), node="bench", pid=1, task="bench"),
            references=pack_needs(needs_of(step)),
        )


def _until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it takes too long")
        time.sleep(0.01)  # the index tells nobody; asking more often would load what is timed
