"""Errors as one line and an exit code."""

from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from raincheck_contracts.errors import RaincheckError, RunError, WorkerProcessError
from raincheck_workers.cli.output import print_error

#: Exit codes; `EXIT_CODES` says what they mean.
FAILED, MISTAKE, TIMED_OUT = 1, 2, 3
EXIT_CODES = (
    "Exit codes: 0 done; 1 a run, a check or a worker failed, a reference is missing, or the "
    "answer was no; 2 a mistake in what was asked, or the index is away; 3 --timeout ran out; "
    "130 Ctrl-C."
)


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
            failed = isinstance(error, RunError | WorkerProcessError)
            raise typer.Exit(FAILED if failed else MISTAKE) from error
