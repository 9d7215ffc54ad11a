"""What each input of a step was bound to."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from raincheck.messaging.descriptions import describe_input
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.pipelines import StepSpec, ValueInput, inputs_within
from raincheck_contracts.runs import StepRun
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import short_type, value

_GIVEN = "(a value)"


def bindings_table(spec: StepSpec, step: StepRun, *, title: str | None = None) -> Table:
    """A line per reference of each parameter.

    Args:
        spec: names the parameters and the references as written.
        step: holds the bindings.
        title: above the table.
    """
    columns = ("parameter", "reference as written", "version", "value or type", "revision")
    table = plain_table(*columns, title=title)
    for parameter, written, binding in _inputs(spec, step):
        if binding is None:
            known = written == _GIVEN or not step.bindings
            table.add_row(Text(parameter), Text(written), "" if known else "not bound", "", "")
        else:
            table.add_row(
                Text(parameter),
                Text(written),
                Text(
                    f"{binding.namespace}/{binding.version}"
                    if binding.namespace
                    else binding.version
                ),
                Text(_content(binding)),
                str(binding.revision),
            )
    return table


def _inputs(spec: StepSpec, step: StepRun) -> Iterator[tuple[str, str, Binding | None]]:
    """Parameter, reference as written, binding; a parameter is named once."""
    for parameter, node in spec.inputs.items():
        name = parameter
        for leaf in inputs_within(node):
            written = describe_input(leaf)
            bound = [] if isinstance(leaf, ValueInput) else _bound(step, written)
            if not bound:
                yield name, written, None
                name = ""
            for shown, binding in bound:
                yield name, shown, binding
                name = ""


def _bound(step: StepRun, written: str) -> list[tuple[str, Binding]]:
    """What a reference was bound to: of one that stands for a list each in its place."""
    if written in step.bindings:
        return [(written, step.bindings[written])]
    return [item for item in step.bindings.items() if item[0].startswith(f"{written}[")]


def _content(binding: Binding) -> str:
    if binding.pointer is not None:
        return value(binding.value)
    return short_type(binding.type)
