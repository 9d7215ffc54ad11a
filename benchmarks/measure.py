"""Samples, their percentiles, and the table they end in."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Sample:
    """Times of one thing, in seconds."""

    name: str
    seconds: Sequence[float]

    def percentile(self, percent: float) -> float:
        """The time that so many percent do not exceed, in milliseconds."""
        ordered = sorted(self.seconds)
        position = min(len(ordered) - 1, int(len(ordered) * percent / 100))
        return ordered[position] * 1000


def timed(call: Callable[[], object], times: int) -> list[float]:
    """Seconds that each of so many calls took."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def show(title: str, samples: Sequence[Sample], baselines: dict[str, str]) -> None:
    """Print samples with the ratio of each median to its baseline's.

    Args:
        title: of the table.
        samples: in order.
        baselines: name of a sample -> name of the sample that it is compared with.
    """
    by_name = {sample.name: sample for sample in samples}
    table = Table(title=title, title_justify="left")
    for column in ("", "n", "p50 ms", "p99 ms", "p50 ratio", "to"):
        table.add_column(column, justify="left" if column in {"", "to"} else "right")
    for sample in samples:
        base = by_name.get(baselines.get(sample.name, ""))
        ratio = f"{sample.percentile(50) / base.percentile(50):.2f}" if base else ""
        table.add_row(
            sample.name,
            str(len(sample.seconds)),
            f"{sample.percentile(50):.3f}",
            f"{sample.percentile(99):.3f}",
            ratio,
            base.name if base else "",
        )
    Console(width=110).print(table)
