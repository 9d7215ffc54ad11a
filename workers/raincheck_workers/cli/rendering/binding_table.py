"""What references are now, as a table."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from raincheck_contracts.artifacts import Binding
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import short_type, value


def binding_table(bindings: Mapping[str, Binding]) -> Table:
    """A line per reference, by the reference as written."""
    table = plain_table("reference", "version", "value or type", "digest", "revision")
    for written, binding in bindings.items():
        content = short_type(binding.type) if binding.pointer is None else value(binding.value)
        table.add_row(
            Text(written),
            Text(binding.shown),
            Text(content),
            binding.digest,
            str(binding.revision),
        )
    return table
