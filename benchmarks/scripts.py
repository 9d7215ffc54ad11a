"""How long the index's scripts take at the server, without way and waiting."""

from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Sample
from raincheck.index.connection import Commands, text
from raincheck.index.library import PREFIX

#: Milliseconds that one script may take: so long the server answers nobody else.
BUDGET = 5.0


@dataclass
class Scripts:
    """Seconds of each call, by the name of the function."""

    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def of(self, name: str) -> list[float]:
        """The calls of one function."""
        return self.seconds.get(name, [])


@contextmanager
def watched_scripts(client: Commands) -> Generator[Scripts]:
    """Collect the calls that the server makes in this context, whoever asks for them."""
    scripts = Scripts()
    asked = ("slowlog-log-slower-than", "slowlog-max-len")
    before = [client.execute_command("CONFIG", "GET", name) for name in asked]
    for name, value in zip(asked, (0, 200_000), strict=True):
        client.execute_command("CONFIG", "SET", name, value)
    client.execute_command("SLOWLOG", "RESET")
    try:
        yield scripts
        entries: Sequence[Any] = client.execute_command("SLOWLOG", "GET", 200_000)
        scripts.seconds = _by_function(entries)
    finally:
        for reply in before:
            for name, value in reply.items():
                client.execute_command("CONFIG", "SET", name, value)
        client.execute_command("SLOWLOG", "RESET")


def _by_function(entries: Sequence[Any]) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for _, _, microseconds, words, *_ in entries:
        function = text(words[1]) if len(words) > 1 else ""
        if function.startswith(PREFIX):
            seconds[function.removeprefix(PREFIX)].append(microseconds / 1_000_000)
    return seconds


def show_scripts(title: str, scripts: Scripts, names: Sequence[str]) -> None:
    """Print percentiles, the longest call, and what part of the budget that was.

    Args:
        title: of the table.
        scripts: that were watched.
        names: of the functions to show.
    """
    table = Table(title=title, title_justify="left")
    for column in ("script", "n", "p50 ms", "p99 ms", "longest ms", f"of {BUDGET:g} ms"):
        table.add_column(column, justify="left" if column == "script" else "right")
    for name in names:
        sample = Sample(name, scripts.of(name))
        if sample.seconds:
            longest = max(sample.seconds) * 1000
            table.add_row(
                name,
                str(len(sample.seconds)),
                f"{sample.percentile(50):.3f}",
                f"{sample.percentile(99):.3f}",
                f"{longest:.3f}",
                f"{longest / BUDGET:.2f}",
            )
    Console(width=110).print(table)
