"""Bindings beside publications and promotions: each is what the index held at its revision.

`BINDINGS=100000 pytest --timeout 900 tests/functional/test_promotion_under_load.py -s` binds so
many steps.
"""

import json
import os
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest

from raincheck.index import Index
from raincheck_contracts.events import AliasMoved, ArtifactVersionPublished, Event
from tests.functional.promotion_load import WIDTH, error_of
from tests.support.builders import nonce
from tests.support.driver import Driver
from tests.support.promoting import HAND
from tests.support.servers import valkey_index
from tests.support.waiting import wait_until
from tests.support.workers import ROOT

BINDINGS = int(os.environ.get("BINDINGS", "1000"))  # noqa: TID251 - of the test run
LOOKUPS = 400


#: Revision and answers: version and metric of each reference.
_Bound: TypeAlias = tuple[int, list[list[str | None]]]


class _History:
    """What the log says that the index held, revision by revision."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.revisions, self.states = [0], [("", "", "")]
        for event in events:
            production, newest, best = self.states[-1]
            if isinstance(event, ArtifactVersionPublished):
                newest = event.data.version
                if not best or error_of(int(newest)) < error_of(int(best)):
                    best = newest
            elif isinstance(event, AliasMoved):
                production = event.data.version
            self.revisions.append(int(event.id.split("-")[0]))
            self.states.append((production, newest, best))

    def answers(self, revision: int) -> list[list[str | None]]:
        """What the references meant at a revision."""
        state = self.states[bisect_right(self.revisions, revision) - 1]
        answers: list[list[str | None]] = []
        for version in state:
            answers.append([version, None])
            answers.append([version, json.dumps(error_of(int(version)))])
        return answers


def _events(index: Index) -> Iterator[Event]:
    after: str | None = None
    while page := index.events.read(after=after):
        yield from page
        after = page[-1].id


def _role(index: Index, role: str, *count: int, out: Path | None = None) -> subprocess.Popen[bytes]:
    words = [role, index.connection.url, index.namespace, *map(str, count)]
    command = [sys.executable, "-m", "tests.functional.promotion_load", *words]
    with (out or Path(os.devnull)).open("wb") as printed:
        return subprocess.Popen(command, cwd=ROOT, stdout=printed)


def _under_load(index: Index, folder: Path) -> tuple[list[_Bound], list[_Bound]]:
    """What two binders were given, and then one that looks up one by one."""
    printed = [folder / f"binder-{number}" for number in range(2)]
    looked_up = folder / "looked-up"
    with ExitStack() as stack:
        for role in ("publish", "promote", "promote"):
            stack.callback(_end, _role(index, role))
        wait_until(lambda: len(index.aliases.history("model", "production", 10)) == 10, 60)
        binders = [_role(index, "bind", BINDINGS // 2, out=out) for out in printed]
        assert [binder.wait() for binder in binders] == [0, 0]
        assert _role(index, "look_up", LOOKUPS, out=looked_up).wait() == 0
    return [line for out in printed for line in _lines(out)], _lines(looked_up)


def _lines(printed: Path) -> list[_Bound]:
    return [json.loads(line) for line in printed.read_text().splitlines()]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.mark.functional
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.timeout(900)
def test_each_binding_is_what_the_index_held_at_its_revision(
    valkey_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two promoters at once, one publisher, two binders; single look-ups mix states."""
    index = valkey_index(valkey_url)
    driver = Driver(index)
    driver.publish("model", MSE=error_of(1))
    index.aliases.promote(nonce(), "model", "1", "production", mover=HAND)
    bound, single = _under_load(index, tmp_path)
    history = _History(_events(index))
    mixed = [answers for revision, answers in bound if answers != history.answers(revision)]
    torn = [answers for revision, answers in single if answers != history.answers(revision)]
    moves = sum(a[0] != b[0] for a, b in pairwise(history.states))
    with capsys.disabled():
        print(f"\n{len(bound)} bindings beside {len(history.states)} publications and moves")
        print(
            f"({moves} moves): {len(mixed)} mixed; of {len(single)} by single look-ups {len(torn)}"
        )
    index.connection.close()
    assert len(bound) == BINDINGS // 2 // WIDTH * WIDTH * 2
    assert not mixed
    assert len({revision for revision, _ in bound}) > 100, "too few changes to prove anything"
    assert moves > 20, "too few promotions to prove anything"
    assert torn, "single look-ups never mixed: the changes were too slow to prove anything"
