"""Asking before something is changed."""

import sys
from typing import Annotated

import typer

from raincheck_workers.cli.error_lines import FAILED
from raincheck_workers.cli.output import messages

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def ask(question: str, *, yes: bool) -> None:
    """Go on when a person says yes; without a terminal nobody is asked.

    Args:
        question: that yes or no answers.
        yes: whether it was answered beforehand.

    Raises:
        typer.Exit: the answer is no.
    """
    if yes or not sys.stdin.isatty() or typer.confirm(question, err=True):
        return
    messages().print("nothing was changed")
    raise typer.Exit(FAILED)
