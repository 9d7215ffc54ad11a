"""Mutants of the Lua library: one defence switched off, and the promise that then breaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import pytest
from fakeredis import FakeRedis, FakeServer

from raincheck.index import Connection, Index
from raincheck.index.connection import Commands
from raincheck.index.library import library_source
from tests.support.driver import Driver


@dataclass(frozen=True)
class Mutant:
    """A defence, how to switch it off, and the promise that then breaks."""

    name: str
    before: str
    after: str
    scenario: Callable[[Driver], None]


def _driver(source: str) -> Driver:
    client = cast("Commands", FakeRedis(server=FakeServer()))
    client.execute_command("FUNCTION", "LOAD", source)
    return Driver(Index(Connection("redis://fake", "mutants", client=client)))


def check_mutant(mutant: Mutant, *, library: Sequence[tuple[str, str]] = ()) -> None:
    """The scenario passes on the library and fails on the mutant.

    Args:
        mutant: to check.
        library: what is replaced in the library for both, such as a time that is too long.
    """
    source = library_source()
    for before, after in library:
        assert before in source, before
        source = source.replace(before, after)
    changed = source.replace(mutant.before, mutant.after)
    assert changed != source, "the defence stands elsewhere now: mend this mutant"
    mutant.scenario(_driver(source))
    mutated = _driver(changed)
    # An assertion, and no script error: the mutant does something, and that is wrong.
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        mutant.scenario(mutated)
