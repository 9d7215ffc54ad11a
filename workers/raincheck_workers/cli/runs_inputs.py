"""`raincheck runs inputs`: why each input of a run is what it is."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.answer_page import answer_page
from raincheck_workers.cli.run_choice import RunArgument, chosen_run


def inputs(
    run: RunArgument,
    *,
    step: Annotated[
        str | None, typer.Option("--step", help="Only of this step; else of all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say of each input what it became, what that was chosen over, and what it would be now."""
    answers = chosen_run(current_deployment(), run).inputs(step)
    if as_json:
        print_json([{**item.model_dump(mode="json"), "changed": item.changed} for item in answers])
        return
    output().print(answer_page(answers))
