"""`raincheck doctor`: what is wrong with this deployment, and what to do."""

import typer

from raincheck_workers.cli.checkup.everything import check_everything
from raincheck_workers.cli.error_lines import FAILED
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.check_table import check_table, summary
from raincheck_workers.fitness.check import Verdict


def doctor(*, as_json: JsonOption = False) -> None:
    """Look at settings, server, broker, blobs, workers and runs; say what to do.

    The exit code is 1 when there is a problem; warnings alone are 0.
    """
    checks = list(check_everything())
    if as_json:
        print_json([check.document() for check in checks])
    else:
        output().print(check_table(checks))
        output().print(summary(checks))
    if any(check.verdict is Verdict.PROBLEM for check in checks):
        raise typer.Exit(FAILED)
