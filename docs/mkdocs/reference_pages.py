"""The pages of the reference that are written at each build: from what they describe.

`mkdocs.yml` names this file as a hook.
"""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from raincheck_contracts.asyncapi import asyncapi
from raincheck_contracts.schemas import json_schemas
from raincheck_workers.cli import app

_COMMANDS = """\
# Command line

This page is written from the command itself, so it shows what the installed `raincheck` can do.
Every command has `--help`.
"""

_TABLE = """\
| argument or option | meaning |
|---|---|"""

_SCHEMAS = """\
# JSON Schemas

The shapes of everything that crosses a process, for readers in any language: JSON Schema, draft
2020-12. They are kept in `contracts/schemas/`, and a test fails when they differ from
[the code](contracts.md). [`asyncapi.json`](asyncapi.json) describes the [event log](events.md) as
AsyncAPI 3.0.

| shape | what it is |
|---|---|
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and the schemas to the site."""
    schemas = json_schemas()
    written = {
        "reference/command-line.md": command_page(),
        "reference/schemas.md": schema_page(schemas),
        "reference/asyncapi.json": json.dumps(asyncapi(), indent=2),
        **{
            f"reference/schemas/{name}.json": json.dumps(schemas[name], indent=2)
            for name in schemas
        },
    }
    for path, content in written.items():
        files.append(File.generated(config, path, content=content))
    return files


def command_page() -> str:
    """Every command with its arguments and options."""
    command = typer.main.get_command(app)
    return "\n".join([_COMMANDS, *_described(command, "raincheck", None)])


# The classes of commands and contexts are Typer's own business.
def _described(command: Any, path: str, above: Any) -> Iterator[str]:
    name = path.rsplit(" ", maxsplit=1)[-1]
    context = command.context_class(command, info_name=name, parent=above)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"## `{path}`\n\n{inspect.cleandoc(command.help or '')}\n\n```text\n{usage}\n```\n"
    records = [_record(item, context) for item in command.get_params(context)]
    yield "\n".join([_TABLE, *(_row(*record) for record in records), ""])
    if command.epilog:
        yield inspect.cleandoc(command.epilog) + "\n"
    for name, nested in getattr(command, "commands", {}).items():
        yield from _described(nested, f"{path} {name}", context)


def _record(parameter: Any, context: Any) -> tuple[str, str]:
    names, description = parameter.get_help_record(context) or ("", "")
    argument = parameter.param_type_name == "argument"
    return (parameter.metavar or parameter.name.upper()) if argument else names, description


def _row(names: str, description: str) -> str:
    cells = [text.replace("|", "\\|").replace("\n", " ") for text in (names, description)]
    return f"| `{cells[0]}` | {cells[1]} |"


def schema_page(schemas: dict[str, dict[str, object]]) -> str:
    """A list of the schemas."""
    rows = [
        f"| [`{name}`](schemas/{name}.json) | {_first_sentence(schema)} |"
        for name, schema in schemas.items()
    ]
    return _SCHEMAS + "\n".join(rows) + "\n"


def _first_sentence(schema: dict[str, object]) -> str:
    return str(schema["description"]).split("\n\n", maxsplit=1)[0].replace("\n", " ")
