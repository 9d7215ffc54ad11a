"""Errors as one line and an exit code."""

from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from raincheck_contracts.errors import RaincheckError, RunError
from raincheck_workers.cli.output import print_error

#: Exit codes: a run did not succeed; a mistake in what was asked, or the index is away;
#: `--timeout` ran out.
FAILED, MISTAKE, TIMED_OUT = 1, 2, 3


class OneLineErrors(TyperGroup):
    """The command group that prints our own errors without a traceback."""

    @override
    def invoke(self, ctx: Any) -> Any:  # the class of the context is Typer's own business
        """Run the command; with `--debug` errors pass through.

        Raises:
            typer.Exit: with the code of the error.
        """
        try:
            return super().invoke(ctx)
        except RaincheckError as error:
            if ctx.params.get("debug"):
                raise
            print_error(str(error))
            raise typer.Exit(FAILED if isinstance(error, RunError) else MISTAKE) from error
