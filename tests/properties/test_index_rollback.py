"""The index against its model, when its server goes back to an earlier state now and then.

Workers and clients remember what the server has forgotten: their late writes are refused,
and all that the restored index knows goes on from there.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from typing_extensions import override

from raincheck.index import Index
from raincheck_contracts.runs import StepState
from tests.properties.test_index_model import LEASE, IndexMachine
from tests.support.index_model import IndexModel
from tests.support.server_copies import copy_of, restore
from tests.support.servers import fake_index, valkey_index

pytestmark = pytest.mark.usefixtures("unmeasured")


@dataclass
class _Copy:
    server: dict[str, tuple[bytes, int]]
    model: IndexModel
    attributes: dict[str, Any]


class RestoredMachine(IndexMachine):
    """As its base, with a copy that may be restored."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self.copy: _Copy | None = None

    @invariant()
    def somebody_beats(self) -> None:
        """And so has seen every revision."""
        if self.nodes:
            self.index.nodes.beat(self.nodes[0], LEASE)

    @rule()
    def back_up(self) -> None:
        """The server writes down all that it holds."""
        kept = {name: deepcopy(getattr(self, name)) for name in ("nodes", "held", "ended")}
        kept["finished"] = list(self.finished)
        self.copy = _Copy(copy_of(self.index), deepcopy(self.model), kept)

    @precondition(lambda self: self.copy is not None)
    @rule()
    def go_back(self) -> None:
        """Attempts that began since then are void, those from before may still end."""
        assert self.copy is not None
        before = [*self.void, *self.held.values()]
        restore(self.index, self.copy.server)
        self.model = deepcopy(self.copy.model)
        for name, value in deepcopy(self.copy.attributes).items():
            setattr(self, name, value)
        still_held = set(self.held.values())
        known = [item for item in before if item.run in self.model.runs]
        self.void = [item for item in known if item not in still_held]
        self.again = None

    @precondition(lambda self: self.model.steps(StepState.RUNNING))
    @rule()
    def nobody_holds_the_oldest(self) -> None:
        """As after a rollback that forgot how an attempt ended: its node gives it back."""
        run, item = self.model.steps(StepState.RUNNING)[0]
        assert item.holder is not None
        node, _ = item.holder
        holdings = self.index.nodes.beat(node, LEASE).running
        held = next(one for one in holdings if one.member == f"{run.run}/{item.name}")
        self.again = lambda: self.index.nodes.give_back(node, held, "lost")
        self.again()
        self._lose(run, item)

    @override
    def teardown(self) -> None:
        while work := self.model.steps(StepState.RUNNING, StepState.QUEUED):
            for run, item in work:
                if item.state is StepState.RUNNING:
                    self._complete(run, item, 1, item.outputs)
                else:
                    self._claim(run, item, self.nodes[0])
            self.drain()
        # Whatever has happened, what does not wait has ended.
        if not self.model.steps(StepState.WAITING):
            assert all(run.ended for run in self.model.runs.values())
        self.every_step_is_in_the_state_of_the_model()
        super().teardown()


class OnFakeredis(RestoredMachine):
    """In this process."""

    def __init__(self) -> None:
        super().__init__(fake_index())


def test_a_restored_index_follows_the_model_on_fakeredis() -> None:
    """Copies and restorations between any two calls."""
    options = settings(max_examples=40, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(OnFakeredis, settings=options)


def test_a_restored_index_follows_the_model_on_valkey(valkey_url: str) -> None:
    """The same on a real server."""

    class OnValkey(RestoredMachine):
        def __init__(self) -> None:
            super().__init__(valkey_index(valkey_url))

    options = settings(max_examples=60, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(OnValkey, settings=options)
