"""`raincheck runs rerun`: a recorded run again, as a new run."""

from collections.abc import Sequence
from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.following import follow
from raincheck_workers.cli.output import JsonOption, messages, print_json
from raincheck_workers.cli.rendering.fork_words import unbound_words
from raincheck_workers.cli.run_choice import RunArgument, chosen_run

_INPUT = "--input"


def rerun(
    run: RunArgument,
    *,
    pins: Annotated[
        bool,
        typer.Option(
            "--pins/--fresh",
            help="The very versions that the run had bound, or what its references name now.",
        ),
    ] = True,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            _INPUT,
            metavar="STEP.PARAM=REF",
            help="Such as predict.model=trained_model@41. May be repeated.",
        ),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Compute steps with cache= anyhow.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Queue what a run ran again, as a new run, and print its id.

    The pipeline and its parameters are those that were recorded. With --wait the exit code is
    0 when the new run succeeded, 1 when it failed or was cancelled, 130 after Ctrl-C.
    """
    given = _replaced(inputs or ())
    made = chosen_run(current_deployment(), run).rerun(pins=pins, inputs=given, cache=not no_cache)
    fork = made.run().fork
    if not as_json:
        typer.echo(made.id)
        if fork is not None and fork.unbound:
            messages().print(unbound_words(fork), soft_wrap=True, markup=False)
    code = follow(made, messages(), None) if wait else 0
    if as_json:
        print_json(made.run().model_dump(mode="json"))
    raise typer.Exit(code)


def _replaced(given: Sequence[str]) -> dict[str, str]:
    replaced: dict[str, str] = {}
    for item in given:
        place, separator, reference = item.partition("=")
        if not separator:
            problem, remedy = f"{item!r} has no '='", "Write STEP.PARAM=REF"
            raise ArgumentError(
                _INPUT, problem, f"{remedy}, such as predict.model=trained_model@41"
            )
        if place in replaced:
            raise ArgumentError(_INPUT, f"{place!r} is given twice", "Give it once")
        replaced[place] = reference
    return replaced
