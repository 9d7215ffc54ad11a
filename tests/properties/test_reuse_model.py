"""Whatever happens to runs of one computation: one attempt computes, and nobody waits for ever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raincheck.index.reuse_scripts import Computes
from raincheck.index.run_scripts import Attempt
from raincheck_contracts.errors import StaleFenceError
from raincheck_contracts.lineage import BoundReferences
from raincheck_contracts.runs import StepState
from tests.support.builders import new_version, pipeline, step
from tests.support.driver import ERROR, Driver
from tests.support.dumps import ask, key, key_names
from tests.support.key_leaks import key_leaks
from tests.support.servers import fake_index

pytestmark = pytest.mark.usefixtures("unmeasured")

KEY = "b3:k"
NAMES = ("submit", "ask", "ask", "ask", "complete", "fail", "lose", "cancel", "stale", "wake")
ACTS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5)), max_size=40)


class _Play:
    """Runs of one step, and who holds which."""

    def __init__(self) -> None:
        self.driver = Driver(fake_index())
        self.runs: list[str] = []
        self.held: dict[str, Attempt] = {}
        """The attempt that computes, by its run."""
        self.past: list[Attempt] = []

    def act(self, name: str, which: int) -> None:
        """Do one thing to one of the runs."""
        if name == "submit":
            spec = pipeline(step("a", outputs=["x"], retries=2))
            self.runs.append(self.driver.submit(spec))
        elif name == "wake":
            self.driver.wake()
        elif self.runs:
            run = self.runs[which % len(self.runs)]
            {
                "ask": self.ask,
                "complete": self.complete,
                "fail": self.fail,
                "lose": self.lose,
                "cancel": self.cancel,
                "stale": self.stale,
            }[name](run)

    def ask(self, run: str) -> None:
        """A worker takes the step and asks."""
        if self.driver.state(run, "a") is not StepState.QUEUED:
            return
        attempt = self.driver.attempt(run, "a", pid=len(self.past))
        self.past.append(attempt)
        if isinstance(self._reuse(attempt), Computes):
            self.held[run] = attempt

    def _reuse(self, attempt: Attempt) -> object:
        return self.driver.index.reuse.reuse(attempt, KEY, 60, BoundReferences())

    def complete(self, run: str) -> None:
        """Its computation ends."""
        if attempt := self.held.pop(run, None):
            self.driver.index.runs.complete(attempt, [new_version("x", output="x")])

    def fail(self, run: str) -> None:
        """It fails."""
        if attempt := self.held.pop(run, None):
            self.driver.index.runs.fail(attempt, "error", ERROR)

    def lose(self, run: str) -> None:
        """The process that computes it dies."""
        if attempt := self.held.pop(run, None):
            self.driver.index.nodes.lost("n1", self.past.index(attempt))

    def cancel(self, run: str) -> None:
        """Nobody wants it any more."""
        self.driver.index.runs.cancel(run, "by hand")
        self.held.pop(run, None)

    def stale(self, run: str) -> None:
        """An attempt that has ended asks once more, and completes: neither has an effect."""
        for attempt in self.past:
            if attempt.run == run and attempt != self.held.get(run):
                try:
                    assert not isinstance(self._reuse(attempt), Computes)
                    self.driver.index.runs.complete(attempt, [new_version("x", output="x")])
                except StaleFenceError:
                    pass

    def check(self) -> None:
        """One computes at most, and makes the one version; who waits, waits for it."""
        index = self.driver.index
        assert len(self.held) <= 1
        assert index.records.version_count("x") <= 1
        marked = ask(index, "ZCARD", key(index, "dirty"))
        for run in self.runs:
            awaited = self.driver.step_run(run, "a").awaits
            assert awaited is None or marked or awaited.partition("/")[0] in self.held

    def finish(self) -> None:
        """All that is left comes to an end."""
        for _ in range(4 * len(self.runs)):
            self.driver.wake()
            for run in self.runs:
                self.ask(run)
                self.complete(run)
        assert all(self.driver.status(run).final for run in self.runs)
        assert not [name for name in key_names(self.driver.index) if name.startswith("computing:")]
        assert key_leaks(self.driver.index) == []


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_one_computes_and_all_end(acts: list[tuple[str, int]]) -> None:
    """After each act, and after all."""
    play = _Play()
    for name, which in acts:
        play.act(name, which)
        play.check()
    play.finish()
