"""A long random session of development in one namespace, beside another that must not notice."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from random import Random
from typing import Any

from raincheck.index.alias_scripts import Mover
from raincheck.index.backfill_scripts import BackfillOptions, Since
from raincheck.index.entries import ForeignMetadata
from raincheck.index.listing_scripts import VersionListing
from raincheck.index.replies import Claimed, Message
from raincheck.index.run_scripts import Attempt
from raincheck_contracts.errors import IndexProtocolError, RaincheckError
from raincheck_contracts.pipelines import StepSpec
from raincheck_contracts.runs import StepState
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import ERROR, Driver
from tests.support.overlaid import answers
from tests.support.subscribing import deployable

_ARTIFACTS = ("m", "theirs", "ours", "neither")
_REFERENCES = (
    *("m", "m:production", "m?min=MSE#/MSE", "m?take=2", "theirs@1", "theirs#/late", "theirs:prod"),
    *("ours", "ours?tag=t", "neither", "neither@2"),
)


@contextmanager
def _refusals() -> Generator[None]:
    """What an act is refused for is fine; a script that fails, or a key that is denied, is not."""
    try:
        yield
    except IndexProtocolError:
        raise
    except RaincheckError:
        pass


class Session:
    """What one developer and the workers of a branch do, drawn at random.

    Args:
        driver: of the branch's namespace.
        seed: of the session.
    """

    def __init__(self, driver: Driver, seed: int) -> None:
        self._driver = driver
        self._random = Random(seed)  # noqa: S311 - a history to repeat
        self._runs: list[str] = []
        self._held: list[Attempt] = []
        self.bound = 0
        """Versions of the fall-back that steps were bound to."""

    def play(self, acts: int) -> None:
        """Do so many acts; what is refused changes nothing and is fine."""
        kinds: list[Callable[[], Any]] = [
            *(self._publish, self._annotate, self._alias, self._submit, self._submit),
            *(self._claim, self._claim, self._claim, self._finish, self._finish, self._fail),
            *(self._end, self._sweep, self._sweep, self._subscribe, self._read, self._trim),
        ]
        for _ in range(acts):
            with _refusals():
                self._random.choice(kinds)()

    def _one(self, of: Any) -> Any:
        return self._random.choice(list(of))

    def _publish(self) -> None:
        artifact = self._one(_ARTIFACTS[2:] if self._random.random() < 0.98 else _ARTIFACTS)
        new = new_version(artifact, metadata={"MSE": self._random.random()}, tags=("t",))
        self._driver.index.versions.publish(nonce(), new)

    def _annotate(self) -> None:
        artifact, version = self._one(_ARTIFACTS), self._one((None, "1", "2"))
        versions = self._driver.index.versions
        versions.tag(artifact, version, self._one(("t", "u")))
        versions.log_metadata(artifact, version, {self._one("ab"): self._random.random()})

    def _alias(self) -> None:
        artifact, version = self._one(_ARTIFACTS), self._one((None, "1", "2"))
        index, alias, mover = self._driver.index, self._one(("production", "prod")), Mover()
        aliases = index.aliases
        self._one(
            (
                lambda: index.versions.set_alias(nonce(), artifact, alias, version),
                lambda: aliases.promote(
                    nonce(), artifact, version, alias, metric="MSE", mode="min", mover=mover
                ),
                lambda: aliases.rollback(nonce(), artifact, alias, mover=mover),
                lambda: aliases.protect(artifact, alias, ["train"]),
            )
        )()

    def _submit(self) -> None:
        needs = self._random.sample(_REFERENCES, self._random.randint(0, 3))
        made = [self._one(_ARTIFACTS)] if self._random.random() < 0.3 else []
        spec = pipeline(
            step("a", *needs, outputs=made, retries=1),
            step("b", *needs[:1], after=["a"]),
            bind=self._one(("step", "run")),
        )
        self._runs.append(self._driver.submit(spec))

    def _claim(self) -> None:
        ready = [
            (step.run, step.step)
            for run in self._runs[-8:]
            for step in self._driver.index.records.run(run).steps
            if step.state is StepState.QUEUED
        ]
        if not ready:
            return
        run, name = self._one(ready)
        claimed = self._driver.claim(run, name)
        if isinstance(claimed, Claimed):
            self.bound += sum(value.namespace is not None for value in claimed.values)
            self._held.append(Attempt(run=run, step=name, fence=claimed.fence, node="n1"))

    def _finish(self) -> None:
        if self._held:
            attempt = self._held.pop(0)
            made = self._driver.spec(attempt.run, attempt.step).outputs
            outputs = [new_version(port.artifact, output=port.name) for port in made]
            foreign = [ForeignMetadata(artifact="theirs", version="1", metadata={"late": 1})]
            with _refusals():
                self._driver.index.runs.complete(attempt, outputs, foreign)
            self._driver.index.runs.complete(attempt, outputs)

    def _fail(self) -> None:
        if self._held:
            self._driver.index.runs.fail(self._held.pop(), self._one(("error", "final")), ERROR)

    def _end(self) -> None:
        if not self._runs:
            return
        run = self._one(self._runs)
        if self._random.random() < 0.5:
            self._driver.index.runs.cancel(run, "no longer wanted")
        earlier = self._driver.index.records.retries(run)
        rebind = self._random.random() < 0.5
        self._driver.index.runs.retry(run, earlier=earlier, rebind=rebind, inline_wait_ms=1)

    def _sweep(self) -> None:
        index = self._driver.index
        self._driver.pass_ticks(5)
        index.nodes.beat("n1", 1_000)
        index.nodes.reap()
        self._driver.due()
        more = True
        while more:
            messages, more = index.runs.wake()
            self._adopt(messages)

    def _adopt(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            if message.run not in self._runs:  # events have started it
                spec = StepSpec.model_validate_json(message.body)
                self._runs.append(self._driver.adopt(message.run, pipeline(spec)))

    def _subscribe(self) -> None:
        scripts, name = self._driver.index.subscriptions, self._one(("sub", "other"))
        spec = pipeline(step("a", self._one(_REFERENCES)))
        made = deployable(name, spec=spec)
        with _refusals():
            scripts.define(made, expected=scripts.read(name).version)
        with _refusals():
            scripts.define(made, expected=0)
        options = BackfillOptions(again=True)
        with _refusals():
            self._driver.index.backfills.start(name, 1, Since("rev", 0), options)
        self._one(
            (
                lambda: scripts.pause(name, "for now"),
                lambda: scripts.resume(name),
                lambda: scripts.delete(name),
            )
        )()

    def _read(self) -> None:
        index = self._driver.index
        answers(index)
        index.overlay.artifacts(index.overlay.artifact_names())
        answering = index.answering("m")
        list(answering.records.versions("m"))
        answering.listing.page(VersionListing(artifact="m"), None, 5)
        answering.aliases.history("m", "production", 5)

    def _trim(self) -> None:
        self._driver.index.runs.trim(20)
