"""What 10,000 runs leave in the server after their time: nothing.

They run through the true functions with their true lifetimes. Then a month passes: every
key that has an end by then is gone, and the functions see a clock that is a month ahead.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from raincheck.index import Connection, Index
from raincheck.index.library import library_source
from raincheck_contracts.pipelines import PipelineSpec
from tests.support.builders import nonce, pipeline, step
from tests.support.driver import Driver
from tests.support.key_leaks import key_leaks
from tests.support.odd_servers import tcp_server

pytestmark = pytest.mark.functional

RUNS = 10_000
MONTH = 31 * 86_400
NOW = "self.microseconds = tonumber(time[1]) * 1000000"
SPECS = [
    pipeline(step("a")),
    pipeline(step("a"), step("b", after=["a"])),
    pipeline(step("a", "never-there")),
]


@dataclass(frozen=True)
class Size:
    """Of a server."""

    keys: int
    used: int
    """Bytes."""


def _size(index: Index) -> Size:
    client = index.connection.client
    client.execute_command("MEMORY", "PURGE")
    used = client.execute_command("INFO", "memory")["used_memory"]
    return Size(int(client.execute_command("DBSIZE")), int(used))


@contextmanager
def _index(source: str) -> Generator[Index]:
    with tcp_server("--maxmemory-policy", "noeviction") as port:
        index = Index(Connection(f"redis://127.0.0.1:{port}/0", "life"))
        index.connection.client.execute_command("FUNCTION", "LOAD", "REPLACE", source)
        yield index
        index.connection.close()


def _run(driver: Driver, number: int) -> None:
    """A run that succeeds, fails, is cancelled, or is cancelled while it waits."""
    spec: PipelineSpec = SPECS[number % len(SPECS)]
    run = driver.submit(spec, idempotency_key=f"k{number}")
    driver.claim(run, "a")
    if spec is SPECS[2]:
        driver.index.runs.cancel(run, "no longer wanted")
    elif number % 5 == 0:
        driver.index.nodes.lost("n1", 11)
        driver.fail(run, "a", "final")
    else:
        (held,) = driver.index.nodes.beat("n1", 1_000_000).running
        driver.index.nodes.give_back("n1", held, "ending")
        for item in spec.steps:
            driver.finish(run, item.name)
    driver.index.versions.set_alias(nonce(), "model", "production", "1")


def _month_later(index: Index, source: str) -> None:
    client = index.connection.client
    names: list[Any] = client.execute_command("KEYS", "*")
    ends = index.connection.ask([("PTTL", name.decode()) for name in names])
    gone = [name for name, end in zip(names, ends, strict=True) if 0 <= end <= MONTH * 1000]
    for first in range(0, len(gone), 1_000):
        client.execute_command("UNLINK", *gone[first : first + 1_000])
    later = source.replace(NOW, NOW.replace("time[1])", f"time[1] + {MONTH})"))
    assert later != source
    client.execute_command("FUNCTION", "LOAD", "REPLACE", later)
    while index.runs.trim():
        pass


def _forgotten(source: str, runs: int) -> tuple[Size, Size, Size, list[str]]:
    """Before, with all runs, and a month later; and the keys that nobody would remove."""
    with _index(source) as index:
        driver = Driver(index)
        driver.register("n1", 1_000_000)
        driver.publish("model")
        for number in range(30):  # tables that stay are there before
            _run(driver, number)
        _month_later(index, source)
        index.connection.client.execute_command("FUNCTION", "LOAD", "REPLACE", source)
        before = _size(index)
        for number in range(100, 100 + runs):
            _run(driver, number)
        peak = _size(index)
        _month_later(index, source)
        return before, peak, _size(index), key_leaks(index)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.timeout(240)
def test_ten_thousand_runs_are_forgotten() -> None:
    """Keys and memory are what they were before, and nothing is left without an end."""
    before, peak, after, leaks = _forgotten(library_source(), RUNS)
    for name, size in (("before", before), ("with all runs", peak), ("a month later", after)):
        print(f"{name}: {size.keys:,} keys, {size.used:,} bytes")
    assert leaks == []
    assert peak.keys > 2 * RUNS
    assert after.keys == before.keys
    assert after.used - before.used < 0.02 * (peak.used - before.used)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('redis.call("PEXPIREAT", facts.idem, at)', "local _ = at"),
        ('redis.call("PEXPIREAT", Runs.step_key(call, run, step), at)', "local _ = at"),
        ('redis.call("XTRIM", key, "MINID", last)', "local _ = last"),
        ('"EX", Requests.TTL)', '"KEEPTTL")'),
    ],
    ids=["idempotency keys", "steps", "events", "requests"],
)
def test_one_kind_of_key_that_stays_is_noticed(before: str, after: str) -> None:
    """The measure fails when a lifetime is left out."""
    mutant = library_source().replace(before, after)
    assert mutant != library_source(), "the lifetime stands elsewhere now: mend this mutant"
    first, peak, last, _ = _forgotten(mutant, 600)
    assert last.keys > first.keys or last.used - first.used > 0.02 * (peak.used - first.used)
