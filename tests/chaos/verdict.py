"""What a scenario found, as figures."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: The variable that names a file for the figures of a test run, one JSON object a line.
FIGURES = "CHAOS_FIGURES"


def rows() -> list[str]:
    """The rows of this test run so far, for the table at its end."""
    path = os.environ.get(FIGURES)  # noqa: TID251 - a variable of the test run
    if path is None or not Path(path).exists():
        return []
    return [str(json.loads(line)["row"]) for line in Path(path).read_text().splitlines()]


@dataclass(kw_only=True)
class Verdict:
    """The figures of one run of one scenario."""

    scenario: str
    seed: int
    faults: int
    operations: int
    """Runs and publications that clients were told are accepted."""
    steps: int = 0
    lost: list[str] = field(default_factory=list[str])
    """Accepted and not as expected."""
    given_up: list[str] = field(default_factory=list[str])
    """Runs with a step that met ten silences or three deaths: failed, as is promised."""
    duplicated: list[str] = field(default_factory=list[str])
    """Published more than once for one step."""
    strange: list[str] = field(default_factory=list[str])
    """In the index though nobody attempted it, missing in an order, or bound apart."""
    stale: int = 0
    """Writes of attempts that had lost their step."""
    refused: int = 0
    """How many of those were refused."""
    replaced: list[float] = field(default_factory=list[float])
    """Seconds from the death of a worker until its step began again."""
    lease: float = 0.0
    resent: int = 0
    """Hints sent again."""
    seconds: float = 0.0
    others: dict[str, float] = field(default_factory=dict[str, float])
    """Figures of this scenario alone, by name."""

    @property
    def amplification(self) -> float:
        """Hints sent for each step."""
        return 1 + self.resent / max(1, self.steps)

    def quantile(self, share: float) -> float:
        """Of the seconds until a step began again; 0 when none did."""
        ordered = sorted(self.replaced)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    @property
    def row(self) -> str:
        """One row of the table of figures."""
        cells = [
            f"{self.scenario} (seed {self.seed})",
            f"{self.faults} faults",
            f"{self.operations} operations, {self.steps} steps",
            f"{len(self.lost)} lost, {len(self.duplicated)} doubled, {len(self.strange)} strange",
            f"{self.refused} of {self.stale} stale refused",
            f"again after {self.quantile(0.5):.1f} s, p99 {self.quantile(0.99):.1f} s",
            f"{len(self.replaced)} taken over, lease {self.lease:g} s",
            f"x {self.amplification:.3f}",
            f"{self.seconds:.0f} s",
            *(f"{name} {value:.3g}" for name, value in self.others.items()),
        ]
        return f"| {' | '.join(cells)} |"

    def report(self) -> None:
        """Add the figures, and the row, to the file of this test run."""
        path = os.environ.get(FIGURES)  # noqa: TID251 - a variable of the test run
        if path:
            figures = asdict(self) | {"amplification": self.amplification, "row": self.row}
            with Path(path).open("a") as file:
                file.write(json.dumps(figures) + "\n")

    def assert_safe(self, *, faults: int, operations: int, given_up: int = 0) -> None:
        """Nothing lost, doubled or strange, in a run in which enough has happened.

        Args:
            faults: at least so many; a run in which nothing happened proves nothing.
            operations: likewise.
            given_up: at most so many runs whose steps met ten silences, or three deaths.
        """
        if self.given_up:
            self.others["given up"] = len(self.given_up)
        self.report()
        assert len(self.given_up) <= given_up, self.row
        assert (self.lost, self.duplicated, self.strange) == ([], [], []), self.row
        assert self.faults >= faults, self.row
        assert self.operations >= operations, self.row
        assert self.refused == self.stale, self.row
