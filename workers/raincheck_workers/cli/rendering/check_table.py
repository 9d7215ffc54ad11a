"""What a checkup found, as a table."""

from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.fitness.check import Check, Verdict

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "bold red"}


def check_table(checks: Sequence[Check]) -> Table:
    """A line per check; what to do stands under what was found."""
    table = plain_table("check", "", "found, and what to do")
    last = ""
    for check in checks:
        told = Text(check.found)
        if check.remedy:
            told.append(f"\n-> {check.remedy}", style="bold")
        name = "" if check.name == last else check.name
        table.add_row(name, Text(str(check.verdict), style=_STYLES[check.verdict]), told)
        last = check.name
    return table


def summary(checks: Sequence[Check]) -> Text:
    """How many of each."""
    count = Counter(check.verdict for check in checks)
    counts = [
        _counted(count[Verdict.PROBLEM], "problem"),
        _counted(count[Verdict.WARNING], "warning"),
        f"{count[Verdict.OK]} ok",
    ]
    return Text("\n" + ", ".join(counts))


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
