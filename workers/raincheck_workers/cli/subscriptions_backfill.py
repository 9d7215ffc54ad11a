"""`raincheck subscriptions backfill`: runs for versions that were there already."""

import re
from datetime import datetime
from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck.index.backfill_scripts import BackfillOptions
from raincheck.subscribing.backfilling import BackfillPlan, plan_backfill, since_of, start_backfill
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.asking import YesOption, ask
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.subscriptions_show import SubscriptionArgument


def backfill(  # noqa: PLR0913 - the choices of a backfill
    name: SubscriptionArgument,
    *,
    since: Annotated[
        str,
        typer.Option(help="A revision (0: all), or a time such as 2026-11-01 or 2026-11-01T06:00."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be started.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also for versions that had their run.")
    ] = False,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Let the events of its runs start others.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Runs of it that live at once.")] = 4,
    priority: Annotated[
        int, typer.Option(min=0, max=9, help="Of its messages; on Redis 9 comes last.")
    ] = 9,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Start runs for versions that were there before; counts them first.

    Each version gets one run, however many backfills there are. On a terminal it asks first.
    """
    deployment, begin = current_deployment(), since_of(_since(since))
    plan = plan_backfill(deployment, name, begin, again=again)
    if not as_json:
        for line in _lines(plan):
            output().print(line, soft_wrap=True)
    begun = None
    if plan.runs and not dry_run:
        ask(f"Start {_counted(plan.runs, 'run')}?", yes=yes)
        options = BackfillOptions(limit=limit, priority=priority, again=again, cascade=cascade)
        begun = start_backfill(deployment, name, begin, options)
    if as_json:
        told = None if begun is None else begun.model_dump(mode="json")
        print_json({"plan": plan.as_dict(), "backfill": told})
    elif begun is not None:
        going = f"backfill {begun.number} of {name} is begun, {begun.limit} runs at a time"
        output().print(f"{going}: see raincheck subscriptions show {name}", soft_wrap=True)


def _since(text: str) -> int | datetime:
    if re.fullmatch(r"\d+", text):
        return int(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        remedy = "Give a revision such as 0, or a time such as 2026-11-01T06:00"
        problem = f"{text!r} is neither a revision nor a time"
        raise ArgumentError("--since", problem, remedy) from error


def _lines(plan: BackfillPlan) -> list[str]:
    found = f"{_counted(plan.versions, 'version')} would match"
    passed = f", {plan.passed} of them had a run and are passed by" if plan.passed else ""
    lines = [found + passed]
    if plan.runs:
        lines.append(f"{_counted(plan.runs, 'run')}, for {plan.first} to {plan.last}")
    else:
        lines.append("nothing to start")
    return lines


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
