"""Runs the model: `spin -a` writes a checker in C, `gcc` compiles it, the checker searches."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.programs import program

MODEL = Path(__file__).parent / "protocol.pml"

#: The promise that is no assertion: it is checked under weak fairness.
LIVENESS = "every_run_ends"

_SAFETY = ("-DSAFETY", "-DNOCLAIM")
_FAIR = ("-DNFAIR=3",)  # without it there is room for six processes
_DEPTH = "-m1000000"


@dataclass(frozen=True)
class Search:
    """What the checker found.

    Attributes:
        broken: the promise that does not hold, or None.
        states: that it stored.
        depth: of the longest path.
        exhaustive: whether it saw all states.
    """

    broken: str | None
    states: int
    depth: int
    exhaustive: bool


def search(folder: Path, defines: Sequence[str], *, liveness: bool) -> Search:
    """Search the states of the model.

    Args:
        folder: for the checker.
        defines: of the model: `CRASHES=1`, or a mutant.
        liveness: whether every run ends, under weak fairness; else what must hold in all
            states.
    """
    names = [f"-D{define}" for define in defines]
    _run(folder, program("spin"), *names, "-a", str(MODEL))
    options = _FAIR if liveness else _SAFETY
    fixed = ["-w", "-DMEMLIM=1500", *options]
    _run(folder, program("gcc"), *fixed, "-o", "pan", "pan.c")
    printed = _run(folder, "./pan", _DEPTH, "-n", *(["-a", "-f"] if liveness else []))
    return _parse(printed)


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _parse(printed: str) -> Search:
    figures = re.search(r"depth reached (\d+), errors: (\d+)\n +(\d+) states, stored", printed)
    assert figures, printed
    asserted = re.search(r"assertion violated (.+) \(at depth", printed)
    broken = asserted[1] if asserted else None
    if "acceptance cycle" in printed:
        broken = LIVENESS
    assert (broken is None) == (figures[2] == "0"), printed  # nothing else went wrong
    ended = "Search not completed" not in printed and "max search depth" not in printed
    return Search(broken, int(figures[3]), int(figures[1]), exhaustive=ended)
