"""One thing that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and may surprise."""
    PROBLEM = "problem"
    """Something does not work, or may lose data."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what was found and what to do."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    def document(self) -> dict[str, str]:
        """As JSON."""
        return {
            "check": self.name,
            "verdict": str(self.verdict),
            "found": self.found,
            "remedy": self.remedy,
        }


def ok(name: str, found: str) -> Check:
    """Nothing to do."""
    return Check(name, Verdict.OK, found)


def warning(name: str, found: str, remedy: str) -> Check:
    """Something to know."""
    return Check(name, Verdict.WARNING, found, remedy)


def problem(name: str, found: str, remedy: str) -> Check:
    """Something to do."""
    return Check(name, Verdict.PROBLEM, found, remedy)
