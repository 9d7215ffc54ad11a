"""`raincheck runs dead`: steps that were given up without an error of their own."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.rendering.dead_list import dead_list
from raincheck_workers.cli.rendering.nothing import print_nothing


def dead(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List steps that killed their workers, found no fit worker, or are in nobody's code.

    Newest first, each with how and where its attempts ended. `raincheck runs retry RUN` runs
    them again and takes them off the list.
    """
    deployment = current_deployment()
    with messages().status("reading steps"):
        found = list(deployment.index.records.dead(limit))
    if as_json:
        print_json(
            [{"pipeline": run.pipeline, **step.model_dump(mode="json")} for run, step in found]
        )
    elif found:
        output().print(dead_list(found))
    else:
        print_nothing("steps that were given up", deployment)
