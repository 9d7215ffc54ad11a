"""What the live picture says of one step."""

from collections.abc import Iterator, Mapping

from rich.text import Text

from raincheck.messaging.descriptions import describe_input
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.pipelines import ReferenceInput, StepSpec, inputs_within
from raincheck_contracts.runs import MissingReference, StepRun, StepState
from raincheck_workers.cli.rendering.states import sign, state_text, style_of
from raincheck_workers.cli.rendering.step_words import why
from raincheck_workers.cli.rendering.words import left, one_line, passed, took, value

_STATE_WIDTH = 9  # of the longest word for a state


def bound_names(step: StepSpec) -> dict[str, list[str]]:
    """The parameters that each reference feeds, by the reference as written."""
    names: dict[str, list[str]] = {}
    for parameter, node in step.inputs.items():
        for leaf in inputs_within(node):
            if isinstance(leaf, ReferenceInput):
                names.setdefault(describe_input(leaf), []).append(parameter)
    return names


def step_lines(
    step: StepRun, names: Mapping[str, list[str]], width: int, *, plain: bool
) -> list[Text]:
    """A line for the step, one per thing that it waits for, and one for its bindings.

    Args:
        step: as recorded.
        names: as `bound_names` gives them.
        width: of the longest name of a step.
        plain: whether only ASCII can be shown.
    """
    first = Text("  ").append(f"{sign(step.state, plain=plain)} ", style=style_of(step.state))
    first.append(f"{step.step:<{width}}  ").append_text(state_text(step.state))
    first.append(" " * (_STATE_WIDTH - len(step.state)))
    for words in _facts(step):
        first.append(f"  {one_line(words)}")
    indent = " " * 6
    return [first, *(Text(indent + one_line(words), style="dim") for words in _more(step, names))]


def _facts(step: StepRun) -> Iterator[str]:
    match step.state:
        case StepState.RUNNING:
            yield from _running(step)
        case StepState.WAITING if step.parked_at is not None:
            yield f"for {passed(step.parked_at)}"
        case StepState.SUCCEEDED:
            yield took(step.started_at, step.ended_at)
            if step.outputs:
                yield f"-> {', '.join(step.outputs.values())}"
            if step.cached_from is not None:
                yield "from the cache"
        case StepState.FAILED:
            yield f"attempt {step.attempt}: " + "; ".join(why(step))
        case StepState.QUEUED:
            yield from _queued(step)
        case _:
            yield from why(step)


def _running(step: StepRun) -> Iterator[str]:
    if step.started_at is not None:
        yield passed(step.started_at)
    yield f"on {step.node}"
    if step.attempt > 1:
        yield f"attempt {step.attempt}"


def _queued(step: StepRun) -> Iterator[str]:
    yield from why(step)
    start = "starts"
    if step.error is not None:
        yield f"attempt {step.attempt} failed: {step.error.type}: {step.error.message}"
        start = "again"
    if step.not_before is not None:
        yield f"{start} in {left(step.not_before)}"


def _more(step: StepRun, names: Mapping[str, list[str]]) -> Iterator[str]:
    if step.state is StepState.WAITING:
        yield from why(step) if step.awaits is not None else map(_waits, step.missing)
    bound = [
        f"{name} = {_became(step.bindings[written])}"
        for written, parameters in names.items()
        if written in step.bindings
        for name in parameters
    ]
    if bound:
        yield ", ".join(bound)


def _waits(missing: MissingReference) -> str:
    if missing.deadline is None:
        return str(missing)
    return f"{missing} ({left(missing.deadline)} left)"


def _became(binding: Binding) -> str:
    if binding.pointer is not None:
        return value(binding.value)
    return binding.shown
