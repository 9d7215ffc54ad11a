"""What a server tells of its memory and its disk, judged."""

from pathlib import Path
from typing import Any

import pytest

from raincheck import Settings
from raincheck.index.server_facts import ServerFacts
from raincheck_workers.fitness.check import Verdict
from raincheck_workers.fitness.durability import durability_checks
from raincheck_workers.fitness.memory import memory_checks

GOOD: dict[str, Any] = {
    "product": "Valkey",
    "version": "9.1.2",
    "level": 7,
    "replica": False,
    "eviction_policy": "noeviction",
    "appends": True,
    "sync": "always",
    "sync_paused": "no",
    "delayed_syncs": 0,
    "used_memory": 10,
    "most_memory": 0,
    "clock_difference": 0.0,
    "library": "",
    "release": "",
    "protocol": "",
}


def _facts(**changes: Any) -> ServerFacts:
    return ServerFacts(**{**GOOD, **changes})


@pytest.mark.parametrize(
    ("changes", "strict", "relaxed"),
    [
        ({}, Verdict.OK, Verdict.OK),
        ({"sync": "everysec"}, Verdict.PROBLEM, Verdict.OK),
        ({"sync": "no"}, Verdict.PROBLEM, Verdict.WARNING),
        ({"sync": ""}, Verdict.WARNING, Verdict.OK),
        ({"appends": False}, Verdict.PROBLEM, Verdict.WARNING),
        ({"appends": None, "sync": ""}, Verdict.WARNING, Verdict.WARNING),
    ],
)
def test_strict_durability_wants_every_write_synced(
    tmp_path: Path, changes: dict[str, Any], strict: Verdict, relaxed: Verdict
) -> None:
    """Relaxed durability is content with a file that is synced now and then."""
    for durability, verdict in (("strict", strict), ("relaxed", relaxed)):
        settings = Settings.model_validate({"home": tmp_path, "durability": durability})
        first = next(durability_checks(_facts(**changes), settings))
        assert first.verdict is verdict, first
        assert (first.verdict is Verdict.OK) is not bool(first.remedy)


def test_what_makes_a_crash_lose_more_is_told(tmp_path: Path) -> None:
    """Syncing that pauses while the file is rewritten, and a disk that is too slow."""
    facts = _facts(sync_paused="yes", delayed_syncs=3)
    _, *others = durability_checks(facts, Settings(home=tmp_path))
    assert [(item.name, item.verdict) for item in others] == [
        ("rewrite", Verdict.WARNING),
        ("disk", Verdict.WARNING),
    ]
    assert "3 times" in others[1].found


@pytest.mark.parametrize(("used", "verdict"), [(79, Verdict.OK), (80, Verdict.WARNING)])
def test_a_server_that_is_nearly_full_is_told(used: int, verdict: Verdict) -> None:
    """From four fifths on; without a limit there is nothing to say."""
    _, headroom = memory_checks("redis://there", _facts(used_memory=used, most_memory=100))
    assert (headroom.verdict, f"{used}%" in headroom.found) == (verdict, True)
    (only,) = memory_checks("redis://there", _facts())
    assert only.name == "eviction"
