"""Each selector beside a plain GET, in a small index and in a large one; bytes of a version."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.bench import Bench
from benchmarks.measure import Sample, timed
from raincheck import (
    Client,
    Deployment,
    get_step_context,
    pipeline,
    read_settings,
    save_artifact,
    step,
    use_deployment,
)
from raincheck.index import Index
from raincheck.index.library import PREFIX
from raincheck_contracts.reference_text import parse_reference

#: Versions of one artifact. The small index has one such artifact, the large one many.
DEPTH = 1_000
#: One version in so many is tagged.
_RARE = 100
_BATCH = 1_000
#: Artifacts that are asked for, in turn: more than fit a processor's cache.
_ASKED = 50
_SELECTORS = {
    "a version": "{artifact}@500",
    "latest": "{artifact}",
    "an alias": "{artifact}:production",
    "the third before the newest": "{artifact}~3",
    "newest with a tag": "{artifact}?tag=rare",
    "newest of a pipeline": "{artifact}?pipeline=train",
    "newest of a run": "{artifact}?run={run}",
    "best by a metric": "{artifact}?min=MSE",
    "newest by a condition": "{artifact}?where=MSE<0.5",
    "latest as of a revision": "{artifact}?asof={revision}",
    "an alias as of a revision": "{artifact}:production?asof={revision}",
    "the last ten": "{artifact}?take=10",
    "metric of the latest": "{artifact}#/MSE",
    "metric of the best": "{artifact}?min=MSE#/MSE",
}
_GET = "GET"


@step
def _train(artifact: str) -> str:
    save_artifact(1.0, artifact, metadata={"MSE": 0.5})
    return get_step_context().run


@pipeline
def train(artifact: str) -> str:
    """Publish one version of an artifact by a run; the run."""
    return _train(artifact)


@dataclass(frozen=True)
class _Filled:
    """An index with its versions, and what is asked of it."""

    index: Index
    references: dict[str, list[str]]
    """By selector, of several artifacts."""
    bytes_a_version: float


def selecting(bench: Bench, repeats: int, versions: int) -> None:
    """Every selector in an index of `DEPTH` versions and in one of so many.

    Args:
        bench: with a server.
        repeats: samples of each selector and index.
        versions: of the large index, `DEPTH` of each artifact.
    """
    small, large = _fill(bench, 1), _fill(bench, max(1, versions // DEPTH))
    console = Console(width=110)
    client = small.index.connection.client
    client.execute_command("SET", "bench:plain", "1")
    samples: dict[str, list[float]] = {}
    for number in range(repeats):
        plain = timed(lambda: client.execute_command("GET", "bench:plain"), 5)
        samples.setdefault(_GET, []).extend(plain)
        for name in _SELECTORS:
            for filled, place in ((small, _few(name)), (large, name)):
                seconds = timed(_question(filled, name, number), 1)
                samples.setdefault(place, []).extend(seconds)
    _show(samples, versions)
    console.print(
        f"A version, its bytes and one metric take {large.bytes_a_version:.0f} bytes of the index"
        f" ({small.bytes_a_version:.0f} in the small one), beside what ends after a week."
    )


def _show(samples: dict[str, list[float]], versions: int) -> None:
    """One row for each selector."""
    title = f"Among {versions:,} versions of {max(1, versions // DEPTH):,} artifacts"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in ("n", "p50 ms", f"of {DEPTH:,}, p50 ms", "growth", "to a GET"):
        table.add_column(column, justify="right")
    medians = {name: Sample(name, seconds).percentile(50) for name, seconds in samples.items()}
    plain = medians[_GET]
    table.add_row(_GET, str(len(samples[_GET])), f"{plain:.3f}", "", "", "")
    for name in _SELECTORS:
        large, small = medians[name], medians[_few(name)]
        ratios = (f"{large / small:.2f}", f"{large / plain:.2f}")
        table.add_row(name, str(len(samples[name])), f"{large:.3f}", f"{small:.3f}", *ratios)
    Console(width=110).print(table)


def _few(name: str) -> str:
    return f"{name}, of few"


def _question(filled: _Filled, name: str, number: int) -> Callable[[], object]:
    texts = filled.references[name]
    reference = parse_reference(texts[number % len(texts)])
    return lambda: filled.index.versions.resolve([reference])


def _fill(bench: Bench, artifacts: int) -> _Filled:
    settings = bench.deployment.settings
    own = read_settings(home=settings.home, namespace=f"bench-{secrets.token_hex(4)}")
    deployment = Deployment(own)
    names = [f"artifact-{number}" for number in range(artifacts)]
    with use_deployment(deployment):
        save_artifact(1.0, "first")  # what every index has
        before = _memory(deployment.index)
        for name in track(names, f"{artifacts * DEPTH:,} versions", transient=True):
            _publish(deployment, name)
        _forget(deployment.index)
        taken = _memory(deployment.index) - before
        asked = names[:: max(1, artifacts // _ASKED)]
        references: dict[str, list[str]] = {name: [] for name in _SELECTORS}
        for artifact in asked:
            for name, text in _texts(deployment, artifact).items():
                references[name].append(text)
    return _Filled(deployment.index, references, taken / (artifacts * DEPTH))


def _texts(deployment: Deployment, artifact: str) -> dict[str, str]:
    run = train(artifact)
    Client().set_alias(artifact, "production", version="700")
    known: dict[str, Any] = {
        "artifact": artifact,
        "run": run,
        "revision": deployment.index.records.revision(),
    }
    save_artifact(1.0, artifact, metadata={"MSE": 0.25})
    return {name: text.format(**known) for name, text in _SELECTORS.items()}


def _publish(deployment: Deployment, artifact: str) -> None:
    """`DEPTH` versions, each with a digest, a metric and a size of its own."""
    index, made = deployment.index, deployment.store.prepare("x", artifact)
    record = made.record.canonical_json()
    rows = _rows(made.arguments(), record, made.record.digest)
    while batch := list(islice(rows, _BATCH)):
        pipe = index.connection.client.pipeline(transaction=False)
        for words in batch:
            request = secrets.token_hex(8)
            pipe.execute_command(
                "FCALL", f"{PREFIX}publish", 1, index.connection.prefix, request, *words
            )
        pipe.execute()


def _rows(words: list[Any], record: str, digest: str) -> Iterator[list[Any]]:
    place = words.index(record)
    head = words[:-2]  # without its counts of tags and of metadata
    for number in range(DEPTH):
        own = record.replace(digest, f"b3:{secrets.token_hex(32)}")
        tags = [1, "rare"] if number % _RARE == 0 else [0]
        error = f"0.{secrets.randbelow(10**9):09}1"
        yield [*head[:place], own, *head[place + 1 :], *tags, 1, "MSE", error, error]


def _forget(index: Index) -> None:
    """Take away what ends by itself: requests after a day, events after a week."""
    client, prefix = index.connection.client, index.connection.prefix
    cursor: Any = 0
    while True:
        cursor, found = client.execute_command(
            "SCAN", cursor, "MATCH", f"{prefix}req:*", "COUNT", 5_000
        )
        if found:
            client.execute_command("UNLINK", *found)
        if int(cursor) == 0:
            break
    client.execute_command("XTRIM", f"{prefix}events", "MAXLEN", 0)


def _memory(index: Index) -> int:
    info = index.connection.client.execute_command("INFO", "memory")
    return int(info["used_memory"])
