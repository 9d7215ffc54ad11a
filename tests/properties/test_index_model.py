"""The real scripts against a model in Python, driven in random orders, on both servers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from raincheck.index import Index
from raincheck.index.connection import text
from raincheck.index.entries import NewVersion
from raincheck.index.replies import Claimed, Parked, Refused, Unresolvable
from raincheck.index.run_scripts import Attempt, Delivery
from raincheck_contracts.errors import (
    MetadataConflictError,
    RunNotRetryableError,
    StaleFenceError,
)
from raincheck_contracts.events import ArtifactVersionPublished, RunFinished
from raincheck_contracts.runs import Run, RunStatus, StepState
from tests.support.builders import new_version, nonce, submission
from tests.support.driver import ERROR, Driver
from tests.support.dumps import ask, dump, key
from tests.support.index_graphs import ARTIFACTS, NUMBERS, REFERENCES, graphs, spec_of
from tests.support.index_model import (
    IndexModel,
    ModelReference,
    ModelRun,
    ModelStep,
)
from tests.support.key_leaks import key_leaks
from tests.support.servers import fake_index, valkey_index

pytestmark = pytest.mark.usefixtures("unmeasured")

MOST_RUNS = 5
LEASE = 3  # ticks


class IndexMachine(RuleBasedStateMachine):
    """Every rule changes the index and the model alike; the invariants compare them."""

    def __init__(self, index: Index) -> None:
        super().__init__()
        self.index = index
        self.driver = Driver(index)
        self.model = IndexModel()
        self.nodes = ["n1"]
        self.processes = 0
        self.held: dict[tuple[str, str], Attempt] = {}
        self.void: list[Attempt] = []
        self.ended: dict[str, Run] = {}
        self.finished: list[str] = []
        """Runs that had ended before they were retried, once for each time."""
        self.revision = 0
        self.again: Callable[[], object] | None = None

    @override
    def teardown(self) -> None:
        self.drain()
        self._compare_events()
        assert key_leaks(self.index) == []
        self.index.connection.close()

    @initialize()
    def register(self) -> None:
        """Two nodes with a short lease."""
        self.nodes = []
        self.index.nodes.leave("n1")
        for _ in range(2):
            self._register()

    def _register(self) -> None:
        self.processes += 1
        self.nodes.append(f"node-{self.processes}")
        self.driver.register(self.nodes[-1], LEASE)

    # Artifacts

    @rule(artifact=ARTIFACTS, k=NUMBERS, tagged=st.booleans())
    def publish(self, artifact: str, k: int | None, *, tagged: bool) -> None:
        """By hand, from outside a step."""
        new = new_version(
            artifact, tags=("t",) if tagged else (), metadata={} if k is None else {"k": k}
        )
        request = nonce()
        self.again = lambda: self.index.versions.publish(request, new)
        done = self.index.versions.publish(request, new)
        assert done.version == self.model.publish(artifact, k, tagged=tagged)

    @rule(artifact=ARTIFACTS, data=st.data())
    def set_alias(self, artifact: str, data: st.DataObject) -> None:
        """To any version that exists."""
        versions = self.model.artifacts[artifact]
        if versions:
            version = data.draw(st.sampled_from(versions)).name
            request = nonce()
            self.again = lambda: self.index.versions.set_alias(request, artifact, "prod", version)
            self.again()
            self.model.aliases[artifact] = version

    @rule(artifact=ARTIFACTS, data=st.data(), k=st.integers(0, 5))
    def annotate(self, artifact: str, data: st.DataObject, k: int) -> None:
        """Tag a version and log its metric, once."""
        if not self.model.artifacts[artifact]:
            return
        version = data.draw(st.sampled_from(self.model.artifacts[artifact]))
        if data.draw(st.booleans()):
            self.again = lambda: self.index.versions.tag(artifact, version.name, "t")
            self.again()
            version.tagged = True
            return
        self.again = lambda: self.index.versions.log_metadata(artifact, version.name, {"k": k})
        try:
            self.again()
            assert version.k in {None, k}
            version.k = k
        except MetadataConflictError:
            assert version.k not in {None, k}
            self.again = None

    # Runs

    @precondition(lambda self: len(self.model.runs) < MOST_RUNS)
    @rule(steps=graphs(), whole=st.booleans())
    def submit(self, steps: list[ModelStep], *, whole: bool) -> None:
        """A small graph with references."""
        self._submit(steps, whole=whole)

    def _submit(self, steps: list[ModelStep], *, whole: bool) -> ModelRun:
        spec = spec_of(steps, whole=whole)
        run = self.driver.submit(spec)
        for item in steps:
            if not item.after:
                item.state = StepState.QUEUED
        self.model.runs[run] = ModelRun(run, {item.name: item for item in steps}, bind_all=whole)
        self.again = lambda: self.index.runs.submit(submission(spec, run=run))
        return self.model.runs[run]

    @precondition(lambda self: not self.model.runs)
    @rule(wanted=REFERENCES, whole=st.booleans())
    def crowd(self, wanted: ModelReference, *, whole: bool) -> None:
        """Many steps that ask for one thing at once, so that many wait under one key."""
        steps = [ModelStep(f"s{i}", (), (wanted,), (), 0) for i in range(5)]
        run = self._submit(steps, whole=whole)
        for item in steps:
            self._claim(run, item, self.nodes[0])

    def _claim(self, run: ModelRun, item: ModelStep, node: str) -> None:
        self.processes += 1
        delivery = Delivery(nonce=nonce(), node=node, pid=self.processes, task="t")
        state = item.state
        revision = self.index.records.revision()
        reply = self.driver.deliver(run.run, item.name, delivery)
        self.again = lambda: self.driver.deliver(run.run, item.name, delivery)
        if node not in self.nodes:
            assert reply == Refused("NODE_UNKNOWN", node)
            return
        if state is not StepState.QUEUED:
            assert isinstance(reply, Refused)
            return
        self.model.claim(run, item, (node, delivery.pid), revision)
        if item.state is StepState.RUNNING:
            self._compare_claim(reply, item)
            attempt = Attempt(
                run=run.run, step=item.name, fence=f"{item.attempts}:{delivery.nonce}", node=node
            )
            self.held[run.run, item.name] = attempt
        else:
            expected = Parked if item.state is StepState.WAITING else Unresolvable
            assert isinstance(reply, expected)

    @staticmethod
    def _compare_claim(reply: object, item: ModelStep) -> None:
        assert isinstance(reply, Claimed)
        found = tuple((value.artifact, value.version, value.metadata) for value in reply.values)
        assert found == item.bound
        assert (reply.attempt, reply.revision) == (item.attempts, item.revision)

    @precondition(lambda self: self.model.steps(StepState.QUEUED))
    @rule(data=st.data())
    def claim_ready(self, data: st.DataObject) -> None:
        """By a node that lives."""
        run, item = data.draw(st.sampled_from(self.model.steps(StepState.QUEUED)))
        self._claim(run, item, data.draw(st.sampled_from(self.nodes)))

    @precondition(lambda self: self.model.steps())
    @rule(data=st.data())
    def claim_any(self, data: st.DataObject) -> None:
        """Whatever its state, and by a node that may be gone: a late or repeated message."""
        run, item = data.draw(st.sampled_from(self.model.steps()))
        self._claim(run, item, data.draw(st.sampled_from([*self.nodes, "node-0"])))

    def _release(self, run: ModelRun, item: ModelStep) -> Attempt:
        return self.held.pop((run.run, item.name))

    @precondition(lambda self: self.model.steps(StepState.RUNNING))
    @rule(data=st.data(), k=NUMBERS, all_of_them=st.integers(0, 7).map(bool))
    def complete(self, data: st.DataObject, k: int | None, *, all_of_them: bool) -> None:
        """With all outputs, or none."""
        run, item = data.draw(st.sampled_from(self.model.steps(StepState.RUNNING)))
        self._complete(run, item, k, item.outputs if all_of_them else ())

    @precondition(lambda self: self.model.steps(StepState.QUEUED))
    @rule(k=NUMBERS)
    def work(self, k: int | None) -> None:
        """A worker takes the first step that is ready and completes it, if it can be had."""
        run, item = self.model.steps(StepState.QUEUED)[0]
        self._claim(run, item, self.nodes[0])
        if item.state is StepState.RUNNING:
            self._complete(run, item, k, item.outputs)

    def _complete(
        self, run: ModelRun, item: ModelStep, k: int | None, names: tuple[str, ...]
    ) -> None:
        attempt = self._release(run, item)
        outputs = [
            new_version(name, output=name, metadata={} if k is None else {"k": k}) for name in names
        ]
        done = self.index.runs.complete(attempt, outputs)
        self.model.complete(run, item, k, names)
        expected = {name: "@".join(bound) for name, bound in item.published.items()}
        assert done.outputs == expected
        self.again = lambda: self._completed_again(attempt, outputs, expected)

    def _completed_again(
        self, attempt: Attempt, outputs: list[NewVersion], expected: dict[str, str]
    ) -> None:
        assert self.index.runs.complete(attempt, outputs).outputs == expected

    @precondition(lambda self: self.model.steps(StepState.RUNNING))
    @rule(data=st.data(), kind=st.sampled_from(["error", "final", "environment"]))
    def fail(self, data: st.DataObject, kind: str) -> None:
        """For any reason."""
        run, item = data.draw(st.sampled_from(self.model.steps(StepState.RUNNING)))
        attempt = self._release(run, item)
        outcome, _ = self.index.runs.fail(attempt, kind, ERROR)
        self.model.attempt_failed(run, item, kind)
        assert outcome == ("failed" if item.state is StepState.FAILED else "retry")
        self.again = lambda: self.index.runs.fail(attempt, kind, ERROR)

    def _lose(self, run: ModelRun, item: ModelStep, kind: str = "lost") -> None:
        self.void.append(self._release(run, item))
        self.model.attempt_failed(run, item, kind)

    @precondition(lambda self: self.model.steps(StepState.QUEUED, StepState.RUNNING))
    @rule(data=st.data())
    def lose_process(self, data: st.DataObject) -> None:
        """A pool child dies under its node, perhaps as soon as it has the step."""
        ready = self.model.steps(StepState.QUEUED, StepState.RUNNING)
        run, item = data.draw(st.sampled_from(ready))
        if item.state is StepState.QUEUED:
            self._claim(run, item, self.nodes[0])
        if item.holder is None:
            return
        node, pid = item.holder
        self._lose(run, item)
        self.again = lambda: self.index.nodes.lost(node, pid)
        self.again()

    @rule(data=st.data())
    def lose_node(self, data: st.DataObject) -> None:
        """A node is silent for its lease while the other beats; a new one takes its place."""
        dead = data.draw(st.sampled_from(self.nodes))
        for _ in range(LEASE + 1):
            self.index.nodes.tick(self.index.nodes.tick(-1))
        self.nodes.remove(dead)
        for node in self.nodes:
            self.index.nodes.beat(node, LEASE)
        self.again = self.index.nodes.reap
        self.again()
        for run, item in self.model.steps(StepState.RUNNING):
            if item.holder is not None and item.holder[0] == dead:
                self._lose(run, item, "silent")
        assert self.index.records.nodes() == self.nodes
        self._register()

    @precondition(lambda self: len(self.model.runs) == MOST_RUNS)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """In whatever state it is."""
        run = data.draw(st.sampled_from(list(self.model.runs.values())))
        ended = run.ended
        for item in run.steps.values():
            if item.state is StepState.RUNNING:
                self.void.append(self._release(run, item))
        self.again = lambda: self.index.runs.cancel(run.run, "no longer wanted")
        assert (self.again() is None) is not ended
        self.model.cancel(run)

    @precondition(lambda self: self._failed())
    @rule(data=st.data(), rebind=st.booleans())
    def retry(self, data: st.DataObject, *, rebind: bool) -> None:
        """An ended run that did not succeed, with its bindings or with new ones."""
        run = data.draw(st.sampled_from(self._failed()))
        earlier = self.index.records.retries(run.run)
        again = partial(
            self.index.runs.retry, run.run, earlier=earlier, rebind=rebind, inline_wait_ms=0
        )
        if not self.model.retry(run, rebind=rebind):
            self.again = None
            with pytest.raises(RunNotRetryableError):
                again()
            return
        self.again = again
        again()
        self.finished.append(run.run)
        del self.ended[run.run]

    def _failed(self) -> list[ModelRun]:
        return [
            run
            for run in self.model.runs.values()
            if run.ended and self._outcome(run) is not RunStatus.SUCCEEDED
        ]

    @precondition(lambda self: self.void)
    @rule(data=st.data())
    def write_late(self, data: st.DataObject) -> None:
        """An attempt that lost its step comes back: nothing that it writes is taken.

        Its process has ended the attempt by itself, so it is no longer to be killed for it.
        """
        attempt = data.draw(st.sampled_from(self.void))
        run = self.model.runs[attempt.run]
        if run.steps[attempt.step].state is StepState.QUEUED and data.draw(st.booleans()):
            self._claim(run, run.steps[attempt.step], self.nodes[0])
        self.again = None
        before = dump(self.index)
        node = before.get(f"node:{attempt.node}")
        if node is not None:
            node[0].pop(f"k:{attempt.run}/{attempt.step}", None)
        for write in (
            lambda: self.index.runs.complete(attempt, [new_version("m", output="m")]),
            lambda: self.index.runs.fail(attempt, "error", ERROR),
        ):
            try:
                write()
            except StaleFenceError:
                continue
            raise AssertionError(f"{attempt} was taken")
        assert dump(self.index) == before

    # Waiting

    @rule(limit=st.integers(1, 3))
    def wake_some(self, limit: int) -> None:
        """A slice of those to be looked at; which ones is the server's choice."""
        self.again = None
        self.index.runs.wake(limit)
        self._look()

    @rule()
    def drain(self) -> None:
        """All of them: whoever has what it waits for is ready."""
        self.again = self.index.runs.wake
        self.driver.wake()
        self._look()
        for run, item in self.model.steps(StepState.WAITING):
            assert self.model.bindings(run, item)[0] is None

    def _look(self) -> None:
        """Who was looked at is ready when all is there, and fails when it may not wait."""
        for run, item in self.model.steps(StepState.WAITING):
            values, curable = self.model.bindings(run, item)
            state = self.driver.state(run.run, item.name)
            if state is StepState.QUEUED:
                assert values is not None
                item.state = StepState.QUEUED
            elif state is StepState.FAILED:
                assert values is None
                assert not curable
                self.model.fail(run, item)

    @rule()
    def sweep(self) -> None:
        """Hints are sent again; no state changes."""
        self.again = None
        self.index.runs.due(self.index.records.queues())

    @precondition(lambda self: self.again is not None)
    @rule()
    def repeat(self) -> None:
        """The last call once more, as after a lost reply: no second effect."""
        before = dump(self.index)
        assert self.again is not None
        self.again()
        assert dump(self.index) == before

    # What always holds

    @invariant()
    def every_step_is_in_the_state_of_the_model(self) -> None:
        """And a run that has ended never changes, unless it is retried."""
        for run in self.model.runs.values():
            found = self.index.records.run(run.run)
            states = {item.step: item.state for item in found.steps}
            assert states == {name: item.state for name, item in run.steps.items()}
            assert found.status.final is run.ended
            if run.ended:
                assert found.status is self._outcome(run)
                assert self.ended.setdefault(run.run, found) == found

    @invariant()
    def the_figures_are_those_of_the_model(self) -> None:
        """What is counted apart from the states agrees with them."""
        figures = self.index.records.figures()
        assert figures.waiting == len(self.model.steps(StepState.WAITING))
        queued = sum(queue.steps for queue in figures.queues)
        assert queued == len(self.model.steps(StepState.QUEUED))
        assert figures.live_runs == sum(not run.ended for run in self.model.runs.values())

    @staticmethod
    def _outcome(run: ModelRun) -> RunStatus:
        if run.cancelled:
            return RunStatus.CANCELLED
        failed = StepState.FAILED in {item.state for item in run.steps.values()}
        return RunStatus.FAILED if failed else RunStatus.SUCCEEDED

    @invariant()
    def a_step_runs_under_one_fence_on_one_node(self) -> None:
        """Steps, fences and nodes tell the same story."""
        expected: set[tuple[str, str, int]] = set()
        for run, item in self.model.steps():
            fence = ask(self.index, "HGET", key(self.index, f"step:{run.run}/{item.name}"), "fence")
            assert (fence is not None) is (item.state is StepState.RUNNING)
            if item.holder is not None:
                expected.add((item.holder[0], f"{run.run}/{item.name}", item.holder[1]))
        assert self._running() == expected

    def _running(self) -> set[tuple[str, str, int]]:
        found: set[tuple[str, str, int]] = set()
        for node in self.nodes:
            fields: dict[Any, Any] = ask(self.index, "HGETALL", key(self.index, f"node:{node}"))
            found |= {
                (node, text(name)[2:], int(pid))
                for name, pid in fields.items()
                if text(name).startswith("s:")
            }
        return found

    @invariant()
    def as_many_versions_as_publications(self) -> None:
        """One for each publication by hand and for each output of an accepted completion."""
        for artifact, versions in self.model.artifacts.items():
            names = [version.version for version in self.index.records.versions(artifact)]
            assert names == [version.name for version in versions[::-1]]

    @invariant()
    def the_revision_never_goes_back(self) -> None:
        """It counts the changes."""
        revision = self.index.records.revision()
        assert revision >= self.revision
        self.revision = revision

    def _compare_events(self) -> None:
        events = self.index.events.read(limit=10_000)
        places = [tuple(map(int, event.id.split("-"))) for event in events]
        assert places == sorted(set(places))
        published = [event for event in events if isinstance(event, ArtifactVersionPublished)]
        assert len(published) == sum(map(len, self.model.artifacts.values()))
        finished = [event.data.run for event in events if isinstance(event, RunFinished)]
        assert sorted(finished) == sorted([*self.ended, *self.finished])


class OnFakeredis(IndexMachine):
    """In this process."""

    def __init__(self) -> None:
        super().__init__(fake_index())


def test_the_scripts_follow_the_model_on_fakeredis() -> None:
    """Any order of calls, some of them repeated, leads where the model says."""
    options = settings(max_examples=50, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(OnFakeredis, settings=options)


def test_the_scripts_follow_the_model_on_valkey(valkey_url: str) -> None:
    """The same on a real server, whose scripts are compiled by another Lua."""

    class OnValkey(IndexMachine):
        def __init__(self) -> None:
            super().__init__(valkey_index(valkey_url))

    options = settings(max_examples=80, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(OnValkey, settings=options)
