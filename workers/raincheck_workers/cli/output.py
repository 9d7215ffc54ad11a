"""Where a command prints: tables and lines for people, one JSON document for programs."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

#: Columns when nobody's terminal sets a limit: long enough that no id is folded.
_PLAIN_WIDTH = 200

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def output() -> Console:
    """Standard output."""
    return _console(stderr=False)


def messages() -> Console:
    """Standard error: for progress and remarks, so that output can be piped."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if terminal else _PLAIN_WIDTH, highlight=False)


def print_error(problem: str) -> None:
    """Say on standard error what is wrong."""
    line = Text("error: ", style="bold red").append(problem, style="default not bold")
    messages().print(line, soft_wrap=True)


def print_json(document: object) -> None:
    """Print a JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
