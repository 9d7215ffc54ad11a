"""What the page says of a run and of each step."""

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from raincheck.messaging.descriptions import describe_input
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.pipelines import OutputInput, StepSpec, ValueInput, inputs_within
from raincheck_contracts.runs import Run, StepRun, StepState
from raincheck_workers.cli.graph.facts import facts
from raincheck_workers.cli.graph.markup import element
from raincheck_workers.cli.rendering.fork_words import fork_words
from raincheck_workers.cli.rendering.step_words import why
from raincheck_workers.cli.rendering.words import size, span, took, value

_LONGEST_VALUE = 2_000  # characters of one value


def run_details(run: Run) -> Element:
    """What is said of the run as a whole; nothing where the head says it all."""
    parts: list[Element] = []
    if run.reason:
        parts.append(element("p", {"class": "reason"}, run.reason))
    if run.fork is not None:
        parts += [element("p", {"class": "quiet"}, words) for words in fork_words(run.fork)]
    if run.parameters:
        rows = [(name, value(item, _LONGEST_VALUE)) for name, item in run.parameters.items()]
        parts += [element("h2", {}, "Parameters"), facts(rows)]
    return element("section", {"class": "run"}, *parts)


def step_details(spec: StepSpec, step: StepRun, *, shown: bool) -> Element:
    """All that is known of a step.

    Args:
        spec: the step as compiled.
        step: as recorded.
        shown: whether it is the one seen at first.
    """
    parts = [
        element("h2", {}, spec.name, element("span", {"class": f"state {step.state}"}, step.state)),
        element("p", {"class": "quiet"}, spec.function),
        *(element("p", {"class": f"reason {step.state}"}, line) for line in _reasons(step)),
        *_inputs(spec, step),
        *_outputs(spec, step),
        element("h3", {}, "Times"),
        facts(_times(spec, step)),
    ]
    if step.error is not None and step.error.traceback:
        parts += [
            element("h3", {}, "Traceback"),
            element("pre", {"tabindex": "0"}, step.error.traceback.rstrip()),
        ]
    return element(
        "section",
        {"class": "part shown" if shown else "part", "id": f"step-{spec.name}", "tabindex": "-1"},
        *parts,
    )


def _reasons(step: StepRun) -> Iterator[str]:
    yield from why(step)
    if step.error is not None and step.state is not StepState.FAILED:
        yield f"attempt {step.attempt} failed: {step.error.type}: {step.error.message}"


def _inputs(spec: StepSpec, step: StepRun) -> Iterator[Element]:
    if spec.inputs:
        yield element("h3", {}, "Inputs")
    for parameter, node in spec.inputs.items():
        for leaf in inputs_within(node):
            written = describe_input(leaf)
            if isinstance(leaf, ValueInput):
                rows = [("value", value(leaf.value, _LONGEST_VALUE))]
            else:
                name = "from" if isinstance(leaf, OutputInput) else "written"
                rows = [(name, written), *_bound(step.bindings.get(written))]
            yield element("div", {"class": "item"}, element("h4", {}, parameter), facts(rows))


def _bound(binding: Binding | None) -> Iterator[tuple[str, str]]:
    if binding is None:
        yield "bound to", "nothing yet"
        return
    yield "bound to", binding.shown
    if binding.pointer is not None:
        yield "value", value(binding.value, _LONGEST_VALUE)
    else:
        yield "type", f"{binding.type}, {size(binding.size)}"
    yield "digest", binding.digest
    yield "revision", str(binding.revision)


def _outputs(spec: StepSpec, step: StepRun) -> Iterator[Element]:
    rows = [
        (output.name, step.outputs.get(output.name, f"{output.artifact}, not published"))
        for output in spec.outputs
    ]
    known = {output.name for output in spec.outputs}
    rows += [item for item in step.outputs.items() if item[0] not in known]
    if rows:
        yield element("h3", {}, "Outputs")
        yield facts(rows)


def _times(spec: StepSpec, step: StepRun) -> list[tuple[str, str]]:
    moments = [
        ("waited from", step.parked_at),
        ("not before", step.not_before),
        ("started", step.started_at),
        ("ended", step.ended_at),
    ]
    rows = [(name, _moment(at)) for name, at in moments if at is not None]
    rows += [
        ("took", took(step.started_at, step.ended_at)),
        ("timeout", "" if spec.timeout is None else span(spec.timeout)),
        ("attempt", f"{step.attempt} of {spec.retries + 1}" if step.attempt else ""),
        ("workers lost", str(step.lost or "")),
        ("node", step.node or ""),
        ("queue", spec.queue or ""),
    ]
    return [(name, text) for name, text in rows if text] or [("started", "not yet")]


def _moment(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"
