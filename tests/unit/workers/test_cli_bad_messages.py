from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.builders import nonce
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _put_aside(raincheck: CommandLine, reason: str, excerpt: str = "{") -> None:
    raincheck.deployment.index.bad_messages.put(nonce(), reason, queue="gpu", excerpt=excerpt)


def test_bad_messages_are_told_in_words(raincheck: CommandLine) -> None:
    """The newest first: when, where, why, and how each began."""
    _put_aside(raincheck, "no JSON", "hello")
    _put_aside(raincheck, "too large", "x\x1b[2J")
    first, excerpt, second, _ = raincheck("messages", "bad").out.splitlines()
    assert first.endswith(" ago queue gpu: too large")
    assert excerpt == "  x [2J"
    assert second.endswith(" ago queue gpu: no JSON")
    assert len(raincheck("messages", "bad", "-n", "1").out.splitlines()) == 2


def test_bad_messages_as_json(raincheck: CommandLine) -> None:
    """One array; the fields of a forged body are empty."""
    _put_aside(raincheck, "no JSON")
    (found,) = raincheck.document("messages", "bad")
    assert found.pop("at") > 0
    expected = {"reason": "no JSON", "queue": "gpu", "excerpt": "{", "run": "", "step": ""}
    assert found == expected


def test_none_is_said(raincheck: CommandLine) -> None:
    """With the place that was looked at."""
    assert raincheck.document("messages", "bad") == []
    assert raincheck("messages", "bad").err.startswith("no bad messages in namespace")


def test_the_doctor_tells_of_them(raincheck: CommandLine) -> None:
    """How many, the last one's reason, and where to read them."""

    def found() -> dict[str, str]:
        checks = raincheck("doctor", "--json").document
        return next(check for check in checks if check["check"] == "messages")

    assert (found()["verdict"], found()["found"]) == ("ok", "none was put aside")
    for _ in range(2):
        _put_aside(raincheck, "no JSON")
    assert found()["verdict"] == "warning"
    assert found()["found"].startswith("2 bad, the last ")
    assert found()["found"].endswith(": no JSON")
    assert found()["remedy"].endswith("raincheck messages bad")
