"""The promises of the protocol hold in every state that a model of it can reach.

`docs/explanation/protocol-model.md` says what is modelled, and what is not.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from typing_extensions import override

from tests.protocol.spin import LIVENESS, search

# One try and no doubled messages: fewer states, for faults that have many.
_SMALL = ("RETRIES=0", "MESSAGES=1")


@dataclass(frozen=True)
class Faults:
    """How many faults there are at most, and whether it is checked that every run ends."""

    defines: tuple[str, ...]
    liveness: bool = False

    @override
    def __str__(self) -> str:
        """The name of the test."""
        return " ".join([LIVENESS if self.liveness else "safety", *self.defines])


FAULTS = [
    Faults(("REPLIES=2", "LOSSES=1", "PUBLICATIONS=1")),
    Faults(("CRASHES=1", "PAUSES=1", "LOSSES=1")),
    Faults(("CRASHES=1", "PAUSES=1", "REPLIES=1", *_SMALL)),
    Faults(("WORKERS=3", "PAUSES=1", "LOSSES=1", "REPLIES=1", *_SMALL)),
    Faults(("ROLLBACKS=1", "PUBLICATIONS=1")),
    Faults(("ROLLBACKS=1", "CRASHES=1", *_SMALL)),
    Faults(("ROLLBACKS=2", "PUBLICATIONS=1", *_SMALL)),
    Faults(("REPLIES=1", "LOSSES=1"), liveness=True),
    Faults(("CRASHES=1",), liveness=True),
    Faults(("PAUSES=1", "LOSSES=1"), liveness=True),
    Faults(("CRASHES=1", "PAUSES=1", *_SMALL), liveness=True),
    Faults(("ROLLBACKS=1", "LOSSES=1", *_SMALL), liveness=True),
]


@pytest.mark.parametrize("faults", FAULTS, ids=str)
def test_every_promise_holds(faults: Faults, tmp_path: Path) -> None:
    """No order of these faults breaks one; all states were seen."""
    found = search(tmp_path, faults.defines, liveness=faults.liveness)
    print(f"{faults}: {found.states:,} states, depth {found.depth}")
    assert found.broken is None
    assert found.exhaustive
    assert found.states > 1_000


@dataclass(frozen=True)
class Mutant:
    """The protocol without one defence, the faults that show it, and the promise that breaks."""

    name: str
    faults: tuple[str, ...]
    breaks: str


MUTANTS = [
    Mutant("FENCE_OFF", ("PAUSES=1",), "no_stale_token"),
    Mutant("COUNTER_ONLY", ("ROLLBACKS=1",), "no_stale_token"),
    Mutant("STATE_CHECK_OFF", ("REPLIES=1",), "one_publication"),
    Mutant("REPEATED_COMPLETION_REFUSED", ("REPLIES=1",), "success_is_not_denied"),
    Mutant("SUBMIT_GUARD_OFF", ("REPLIES=1",), "acknowledged_is_kept"),
    Mutant("REPLAY_OFF", ("REPLIES=1",), "loss_has_reason"),
    Mutant("CLAIM_OF_RUNNING", (), "attempt_has_reason"),
    Mutant("REGISTRATION_CHECK_OFF", ("PAUSES=1",), "claimed_by_registered"),
    Mutant("BINDING_NOT_KEPT", ("PUBLICATIONS=1",), "bound_once"),
    Mutant("NOT_SYNCED", ("ROLLBACKS=1",), "acknowledged_is_kept"),
    Mutant("GIVE_BACK_OF_ANY", ("CRASHES=1", "PAUSES=1", *_SMALL), "loss_has_reason"),
    Mutant("REOPEN_OFF", ("ROLLBACKS=1", "PUBLICATIONS=1", *_SMALL), "newer_than_seen"),
    Mutant("EPOCH_COMPARED", ("ROLLBACKS=2", "PUBLICATIONS=1", *_SMALL), "newer_than_seen"),
    Mutant("ROW_WRITTEN_LATER", ("CRASHES=1",), LIVENESS),
    Mutant("SWEEPER_OFF", ("LOSSES=1",), LIVENESS),
    Mutant("REAP_OFF", ("CRASHES=1",), LIVENESS),
    Mutant("LOST_OFF", ("CRASHES=1",), LIVENESS),
    Mutant("ORPHAN_CHECK_OFF", ("ROLLBACKS=1", *_SMALL), LIVENESS),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_promise_breaks_without_its_defence(mutant: Mutant, tmp_path: Path) -> None:
    """The model finds it: it can see what it promises."""
    defines = (mutant.name, *mutant.faults)
    found = search(tmp_path, defines, liveness=mutant.breaks == LIVENESS)
    print(f"{mutant.name}: {mutant.breaks} after {found.states:,} states")
    assert found.broken == mutant.breaks


def test_a_revision_may_be_given_twice_before_anybody_looks(tmp_path: Path) -> None:
    """A limit of `reopen`, which the page names: it acts when somebody has looked."""
    found = search(tmp_path, ("NEVER_TWICE", "ROLLBACKS=1", "PUBLICATIONS=1"), liveness=False)
    assert found.broken == "never_twice"
