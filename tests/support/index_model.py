"""What the index promises, as a plain model in Python, to compare the real scripts with.

Nothing here is taken over from the scripts: states are words, references are looked up in
lists, and a waiting step is ready when what it refers to is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import StepState

#: What one reference is bound to: artifact, version, raw metadata text.
Bound = tuple[str, str, str | None]

FINAL = {StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED, StepState.SKIPPED}
LOST_LIMIT, SILENT_LIMIT = 3, 10


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A reference to one of two artifacts."""

    artifact: str
    selector: str
    metric: bool
    """Whether it asks for the metadata `k` in place of the artifact."""
    waits: bool

    @property
    def reference(self) -> Reference:
        """As the index is asked for it."""
        text = self.artifact + self.selector + ("#/k" if self.metric else "")
        return parse_reference(text, wait=None if self.waits else 0)


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """A reference to an output of an earlier step."""

    step: str
    output: str


@dataclass(slots=True)
class ModelVersion:
    """A published version."""

    name: str
    k: int | None
    tagged: bool


@dataclass(slots=True)
class ModelStep:
    """A step of a run."""

    name: str
    after: tuple[str, ...]
    needs: tuple[ModelReference | ModelOutput, ...]
    outputs: tuple[str, ...]
    retries: int
    state: StepState = StepState.PENDING
    errors: int = 0
    lost: int = 0
    silent: int = 0
    """Of the lost attempts those whose whole worker fell silent."""
    attempts: int = 0
    bound: tuple[Bound, ...] | None = None
    revision: int = 0
    holder: tuple[str, int] | None = None
    """Node and process of the attempt that owns it."""
    published: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


@dataclass(slots=True)
class ModelRun:
    """A run."""

    run: str
    steps: dict[str, ModelStep]
    bind_all: bool
    """Whether all its references are to be bound together."""
    bound: dict[ModelReference, Bound] | None = None
    cancelled: bool = False

    @property
    def ended(self) -> bool:
        """Whether every step is final."""
        return all(step.state in FINAL for step in self.steps.values())

    @property
    def whole(self) -> bool:
        """Whether there is anything to be bound together."""
        return self.bind_all and bool(self.scope)

    @property
    def scope(self) -> list[ModelReference]:
        """All references of the run."""
        needs = [need for step in self.steps.values() for need in step.needs]
        return [need for need in needs if isinstance(need, ModelReference)]


class IndexModel:
    """Artifacts and runs."""

    def __init__(self) -> None:
        self.artifacts: dict[str, list[ModelVersion]] = {"m": [], "d": []}
        self.aliases: dict[str, str] = {}
        self.runs: dict[str, ModelRun] = {}

    def steps(self, *states: StepState) -> list[tuple[ModelRun, ModelStep]]:
        """The steps in any of these states, or all."""
        return [
            (run, step)
            for run in self.runs.values()
            for step in run.steps.values()
            if not states or step.state in states
        ]

    # Artifacts

    def publish(self, artifact: str, k: int | None, *, tagged: bool = False) -> str:
        """Publish a version; its name."""
        name = str(len(self.artifacts[artifact]) + 1)
        self.artifacts[artifact].append(ModelVersion(name, k, tagged))
        return name

    def find(self, wanted: ModelReference) -> Bound | None:
        """What a reference resolves to now."""
        versions = self.artifacts[wanted.artifact]
        found = next(self._candidates(wanted, versions), None)
        if found is None or (wanted.metric and found.k is None):
            return None
        return (wanted.artifact, found.name, str(found.k) if wanted.metric else None)

    def _candidates(
        self, wanted: ModelReference, versions: list[ModelVersion]
    ) -> Iterator[ModelVersion]:
        newest_first = versions[::-1]
        measured = [(version.k, version) for version in newest_first if version.k is not None]
        match wanted.selector[:4]:
            case ":lat":
                yield from newest_first
            case ":pro":
                name = self.aliases.get(wanted.artifact)
                yield from (version for version in versions if version.name == name)
            case "?min":
                yield from (version for _, version in sorted(measured, key=lambda item: item[0]))
            case "?max":
                yield from (version for _, version in sorted(measured, key=lambda item: -item[0]))
            case "?tag":
                yield from (version for version in newest_first if version.tagged)
            case "?whe":
                yield from (version for k, version in measured if k < 3)
            case _:
                name = wanted.selector[1:]
                yield from (version for version in versions if version.name == name)

    # Steps

    def bindings(self, run: ModelRun, step: ModelStep) -> tuple[tuple[Bound, ...] | None, bool]:
        """What a step would be bound to now, and whether a miss could be cured by waiting."""
        if step.bound is not None:
            return step.bound, True
        outputs = [need for need in step.needs if isinstance(need, ModelOutput)]
        if any(need.output not in run.steps[need.step].published for need in outputs):
            return None, False
        found = self._references(run, step)
        missing = [wanted for wanted, answer in found.items() if answer is None]
        if missing:
            return None, all(wanted.waits for wanted in missing)
        return tuple(self._value(run, need, found) for need in step.needs), True

    def _references(self, run: ModelRun, step: ModelStep) -> dict[ModelReference, Bound | None]:
        if run.bound is not None:
            return dict(run.bound)
        own = [need for need in step.needs if isinstance(need, ModelReference)]
        return {wanted: self.find(wanted) for wanted in (run.scope if run.whole else own)}

    @staticmethod
    def _value(
        run: ModelRun,
        need: ModelReference | ModelOutput,
        found: dict[ModelReference, Bound | None],
    ) -> Bound:
        if isinstance(need, ModelOutput):
            return (*run.steps[need.step].published[need.output], None)
        answer = found[need]
        assert answer is not None
        return answer

    def claim(self, run: ModelRun, step: ModelStep, holder: tuple[str, int], revision: int) -> None:
        """A queued step is claimed: it runs, waits or fails."""
        values, curable = self.bindings(run, step)
        if values is None:
            if curable:
                step.state = StepState.WAITING
            else:
                self.fail(run, step)
            return
        if step.bound is None:
            if run.whole and run.bound is None:
                found = {wanted: self.find(wanted) for wanted in run.scope}
                run.bound = {wanted: answer for wanted, answer in found.items() if answer}
                run_revision = revision
            else:
                run_revision = self._revision_of(run, revision)
            step.bound, step.revision = values, run_revision
        step.attempts += 1
        step.state, step.holder = StepState.RUNNING, holder

    @staticmethod
    def _revision_of(run: ModelRun, revision: int) -> int:
        """A run bound as a whole has one revision, that of its first claim."""
        bound = [step.revision for step in run.steps.values() if step.bound is not None]
        return bound[0] if run.whole and bound else revision

    def complete(
        self, run: ModelRun, step: ModelStep, k: int | None, outputs: tuple[str, ...]
    ) -> None:
        """A running step succeeds with some of its outputs."""
        for artifact in outputs:
            step.published[artifact] = (artifact, self.publish(artifact, k))
        step.state, step.holder = StepState.SUCCEEDED, None
        for later in run.steps.values():
            needed = [run.steps[name].state for name in later.after]
            if later.state is StepState.PENDING and set(needed) <= {StepState.SUCCEEDED}:
                later.state = StepState.QUEUED

    def attempt_failed(self, run: ModelRun, step: ModelStep, kind: str) -> None:
        """A running step raised, its surroundings failed it, or its process or worker died."""
        step.state, step.holder = StepState.QUEUED, None
        if kind == "error":
            step.errors += 1
        else:
            step.lost += 1
            step.silent += kind == "silent"
        given_up = step.lost - step.silent >= LOST_LIMIT or step.silent >= SILENT_LIMIT
        if kind == "final" or step.errors > step.retries or given_up:
            self.fail(run, step)

    def fail(self, run: ModelRun, step: ModelStep) -> None:
        """A step fails for good; what needs it is skipped."""
        step.state = StepState.FAILED
        gone = {step.name}
        for later in run.steps.values():
            if gone & set(later.after) and later.state is StepState.PENDING:
                later.state = StepState.SKIPPED
                gone.add(later.name)

    def retry(self, run: ModelRun, *, rebind: bool) -> bool:
        """What did not succeed runs again; False when that would mix versions."""
        again = [step for step in run.steps.values() if step.state is not StepState.SUCCEEDED]
        if rebind and run.bound is not None and len(again) < len(run.steps):
            return False
        run.cancelled = False
        for step in again:
            step.errors = step.lost = step.silent = 0
            step.bound = None if rebind else step.bound
            done = {run.steps[name].state for name in step.after} <= {StepState.SUCCEEDED}
            step.state = StepState.QUEUED if done else StepState.PENDING
        if rebind:
            run.bound = None
        return True

    def cancel(self, run: ModelRun) -> None:
        """All that is not final ends."""
        if run.ended:
            return
        run.cancelled = True
        for step in run.steps.values():
            if step.state is StepState.PENDING:
                step.state = StepState.SKIPPED
            elif step.state not in FINAL:
                step.state, step.holder = StepState.CANCELLED, None
