"""`raincheck artifacts promote`, `rollback`, `history`, `protect`: what an alias names, and why."""

from typing import Annotated

import typer
from rich.text import Text

from raincheck.client.client import Client
from raincheck.deployment import current_deployment
from raincheck_contracts.aliases import Promotion
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.alias_options import (
    AliasOption,
    ExpectOption,
    IfBetterOption,
    ModeOption,
    WhyOption,
)
from raincheck_workers.cli.artifact_choice import resolved_version, version_reference
from raincheck_workers.cli.error_lines import FAILED
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.rendering.alias_history import alias_history
from raincheck_workers.cli.rendering.words import one_line

_PROTECT = "raincheck artifacts protect"

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of the artifact.")]


def promote(  # noqa: PLR0913 - one for each option
    reference: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION]", help="The newest unless it says which.")
    ],
    *,
    alias: AliasOption,
    if_better: IfBetterOption = None,
    mode: ModeOption = None,
    expect: ExpectOption = None,
    why: WhyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an alias name a version, if that is better than what it names; exit code 1 if not."""
    client = Client(current_deployment())
    parsed = version_reference(reference, "raincheck artifacts promote")
    found = resolved_version(client.deployment, parsed)
    promotion = client.promote(
        found.artifact,
        found.version,
        alias=alias,
        if_better=if_better,
        mode=None if mode is None else mode.value,
        expected=expect,
        why=why,
    )
    report_promotion(promotion, as_json=as_json)


def rollback(
    name: NameArgument,
    *,
    alias: AliasOption,
    expect: ExpectOption = None,
    why: WhyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo the last move of an alias that is not undone yet; twice undoes two."""
    client = Client(current_deployment())
    report_promotion(client.rollback(name, alias, expected=expect, why=why), as_json=as_json)


def report_promotion(promotion: Promotion, *, as_json: bool) -> None:
    """Print what came of a promotion or rollback.

    Args:
        promotion: as it was answered.
        as_json: as one JSON document, not in a line.

    Raises:
        Exit: the alias does not name the candidate; with exit code 1.
    """
    if as_json:
        print_json({**promotion.model_dump(mode="json"), "reason": promotion.reason})
    else:
        version = f"{promotion.artifact}@{promotion.version}"
        moved = f"is {version} now" if promotion.moved else "is not moved"
        line = f"{promotion.artifact}:{promotion.alias} {moved}: {one_line(promotion.reason)}"
        output().print(Text(line), soft_wrap=True)
    if promotion.version != promotion.candidate:
        raise typer.Exit(FAILED)


def history(
    name: NameArgument,
    *,
    alias: AliasOption,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Moves listed.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the moves of an alias, newest first: when, who, why, from which version to which."""
    moves = Client(current_deployment()).alias_history(name, alias, limit)
    if as_json:
        print_json([move.model_dump(mode="json") for move in moves])
    elif moves:
        output().print(alias_history(moves))
    else:
        messages().print(Text(f"no move of {name}:{alias} is recorded"), soft_wrap=True)


def protect(
    name: NameArgument,
    *,
    alias: AliasOption,
    pipeline: Annotated[
        list[str] | None,
        typer.Option(metavar="PIPELINE", help="Whose runs may move it; may be repeated."),
    ] = None,
    free: Annotated[bool, typer.Option("--free", help="Let everybody move it again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let only runs of some pipelines move an alias; without an option, say who may.

    It guards against mistakes, not against who has access to the server.
    """
    client = Client(current_deployment())
    if pipeline and free:
        problem = "--pipeline and --free are given"
        raise ArgumentError(_PROTECT, problem, "Give one of them")
    if pipeline:
        client.protect_alias(name, alias, *pipeline)
    elif free:
        client.unprotect_alias(name, alias)
    movers = client.alias_protection(name, alias)
    if as_json:
        print_json({"artifact": name, "alias": alias, "pipelines": list(movers)})
        return
    who = f"moved by runs of {' or '.join(movers)} alone" if movers else "free"
    output().print(Text(f"{name}:{alias} is {who}"), soft_wrap=True)
