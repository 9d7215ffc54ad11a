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
                Text(binding.version),
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
            given = isinstance(leaf, ValueInput)
            yield name, written, None if given else step.bindings.get(written)
            name = ""


def _content(binding: Binding) -> str:
    if binding.pointer is not None:
        return value(binding.value)
    return short_type(binding.type)
