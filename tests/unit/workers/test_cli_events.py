import json
from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck import Client, save_artifact, use_deployment
from tests.support.command_line import CommandLine, command_line


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of a deployment with three events."""
    with command_line(tmp_path) as command, use_deployment(command.deployment):
        save_artifact(1, "model", tags=["small"])
        Client().set_alias("model", "best")
        save_artifact(2, "model")
        yield command


def _shown(raincheck: CommandLine, *arguments: str) -> list[str]:
    return [line.split()[0] for line in raincheck("events", *arguments).out.splitlines()]


def test_events_are_shown_in_the_order_of_the_index(raincheck: CommandLine) -> None:
    """Id, time, kind, and what it is about."""
    first, second, third = raincheck("events").out.splitlines()
    assert first.split()[3:] == ["ArtifactVersionPublished", "model@1"]
    assert second.split()[3:] == ["AliasMoved", "model:best", "is", "1"]
    Client().set_alias("model", "best", "2")
    assert raincheck("events", "-n", "1").out.endswith("model:best is 2, before 1\n")
    assert third.startswith("     3-1  20")


def test_the_newest_or_those_after_a_position(raincheck: CommandLine) -> None:
    """`-n` takes the newest; `--since` a revision or an event's id."""
    assert _shown(raincheck, "-n", "2") == ["2-1", "3-1"]
    assert _shown(raincheck, "--since", "1") == ["2-1", "3-1"]
    assert _shown(raincheck, "--since", "2-1") == ["3-1"]
    assert raincheck("events", "--since", "3").err.startswith("no events after 3 in namespace")


def test_each_line_of_json_is_a_cloud_event(raincheck: CommandLine) -> None:
    """One a line, for programs that read while it is written."""
    lines = raincheck("events", "--json").out.splitlines()
    published, moved, _ = (json.loads(line) for line in lines)
    assert published["type"] == "raincheck.artifact_version_published.v1"
    assert published["data"] == {"artifact": "model", "version": "1", "sequence": 1}
    assert (moved["id"], moved["subject"]) == ("2-1", "model@1")
    assert raincheck("events", "--since", "3", "--json").out == ""


def test_a_position_that_cannot_be_read_on_from_is_a_mistake(raincheck: CommandLine) -> None:
    """Exit code 2, and what to do."""
    answer = raincheck("events", "--since", "9")
    assert answer.code == 2
    assert "position 9 in the event log is ahead of the index, which is at revision 3" in answer.err


def test_none_is_said(tmp_path: Path) -> None:
    """With the place that was looked at."""
    with command_line(tmp_path) as raincheck:
        assert raincheck("events").err.startswith("no events in namespace")
