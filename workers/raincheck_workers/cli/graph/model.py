"""What is drawn of a run: boxes for steps and versions, arrows for what goes where."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from raincheck_contracts.pipelines import (
    OutputInput,
    OutputSpec,
    PipelineSpec,
    ReferenceInput,
    StepSpec,
    inputs_within,
)
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import Run, StepRun, StepState
from raincheck_workers.cli.rendering.words import took


class BoxKind(StrEnum):
    """What a box stands for."""

    STEP = "step"
    VERSION = "version"
    """A version that a reference became or shall become, or that a step publishes."""


class VersionState(StrEnum):
    """How far a version has come."""

    KNOWN = "known"
    """Bound, or published."""
    OPEN = "open"
    """Nobody has looked for it yet, or it is not published yet."""
    MISSING = "missing"
    """A step waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A step or a version."""

    key: str
    kind: BoxKind
    title: str
    note: str
    """Its second line: the state of a step, what a reference became."""
    state: StepState | VersionState
    marked: bool = False
    """Whether the picture is about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """All that goes from one box to another."""

    source: str
    target: str
    labels: tuple[str, ...] = ()
    """Names of outputs and parameters."""
    brief: str | None = None
    """What stands at the arrow in a picture, when that is not all labels."""
    waiting: bool = False

    @property
    def label(self) -> str:
        """What stands at the arrow in a picture."""
        return ", ".join(self.labels) if self.brief is None else self.brief


@dataclass(frozen=True, slots=True)
class RunGraph:
    """A directed graph without circles."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def run_graph(run: Run, spec: PipelineSpec) -> RunGraph:
    """The graph of a run.

    Args:
        run: as recorded.
        spec: its compiled pipeline.
    """
    outputs = {(step.name, output.name): output for step in spec.steps for output in step.outputs}
    drawing = _Drawing({step.step: step for step in run.steps}, outputs)
    for step in spec.steps:
        drawing.add_step(step)
    return drawing.graph()


@dataclass
class _Drawing:
    steps: dict[str, StepRun]
    outputs: dict[tuple[str, str], OutputSpec]
    boxes: dict[str, Box] = field(default_factory=dict[str, Box])
    labels: dict[tuple[str, str], list[str]] = field(
        default_factory=dict[tuple[str, str], list[str]]
    )

    def add_step(self, step: StepSpec) -> None:
        recorded = self.steps[step.name]
        self._box(
            step_key(step.name), BoxKind.STEP, step.name, _step_note(recorded), recorded.state
        )
        self._add_inputs(step, recorded)
        for output in step.outputs:
            if not _unnamed(step.name, output):
                self._add_output(recorded, output)

    def _add_inputs(self, step: StepSpec, recorded: StepRun) -> None:
        joined: set[str] = set()
        for parameter, node in step.inputs.items():
            for leaf in inputs_within(node):
                if isinstance(leaf, ReferenceInput):
                    self._add_reference(recorded, parameter, leaf.reference)
                elif isinstance(leaf, OutputInput):
                    self._add_output_input(step.name, parameter, leaf)
                    joined.add(leaf.step)
        for earlier in step.after:
            if earlier not in joined:
                self._arrow(step_key(earlier), step_key(step.name))

    def _add_reference(self, step: StepRun, parameter: str, reference: Reference) -> None:
        whole = str(reference.model_copy(update={"pointer": None}))
        binding = step.bindings.get(str(reference))
        if binding is not None:
            version = binding.shown
            note, state = "bound" if version == whole else version, VersionState.KNOWN
        elif step.state is StepState.WAITING and _misses(step, whole):
            note, state = "missing", VersionState.MISSING
        else:
            note, state = "not bound", VersionState.OPEN
        key = f"reference {whole} {note}"
        self._box(key, BoxKind.VERSION, whole, note, state)
        pointer = "" if reference.pointer is None else f" #{reference.pointer}"
        self._arrow(key, step_key(step.step), parameter + pointer)

    def _add_output_input(self, step: str, parameter: str, given: OutputInput) -> None:
        output = self.outputs[given.step, given.output]
        if not _unnamed(given.step, output):
            self._arrow(_output_key(given.step, output.name), step_key(step), parameter)
            return
        name = "" if output.name == "output" else f"{output.name} as "
        self._arrow(step_key(given.step), step_key(step), name + parameter)

    def _add_output(self, step: StepRun, output: OutputSpec) -> None:
        key, version = _output_key(step.step, output.name), step.outputs.get(output.name)
        note, state = "not published", VersionState.OPEN
        if version is not None:
            note, state = version, VersionState.KNOWN
        self._box(key, BoxKind.VERSION, output.artifact, note, state)
        label = "" if output.name == output.artifact else output.name
        self._arrow(step_key(step.step), key, label)

    def _box(
        self, key: str, kind: BoxKind, title: str, note: str, state: StepState | VersionState
    ) -> None:
        self.boxes[key] = Box(key=key, kind=kind, title=title, note=note, state=state)

    def _arrow(self, source: str, target: str, label: str = "") -> None:
        labels = self.labels.setdefault((source, target), [])
        if label and label not in labels:
            labels.append(label)

    def graph(self) -> RunGraph:
        arrows = (
            Arrow(
                source=source,
                target=target,
                labels=tuple(labels),
                waiting=self.boxes[source].state is VersionState.MISSING,
            )
            for (source, target), labels in self.labels.items()
        )
        return RunGraph(tuple(self.boxes.values()), tuple(arrows))


def step_key(step: str) -> str:
    """Key of a step's box."""
    return f"step {step}"


def _output_key(step: str, output: str) -> str:
    return f"output {step} {output}"


def _unnamed(step: str, output: OutputSpec) -> bool:
    """Whether the artifact has no name of its own, only that of pipeline, step and output."""
    return output.artifact.endswith(f".{step}.{output.name}".lower())


def _misses(step: StepRun, whole: str) -> bool:
    return any(missing.reference.partition("#")[0] == whole for missing in step.missing)


def _step_note(step: StepRun) -> str:
    parts: Iterable[str] = (
        str(step.state),
        took(step.started_at, step.ended_at),
        f"attempt {step.attempt}" if step.attempt > 1 else "",
        "from the cache" if step.cached_from is not None else "",
    )
    return ", ".join(part for part in parts if part)
