"""`raincheck models`: list them, show a version, put one into a stage and out of it."""

from typing import Annotated

import typer
from rich.text import Text

from raincheck.client.client import Client
from raincheck.client.model_version import ModelVersion
from raincheck.deployment import current_deployment
from raincheck_contracts.names import MODEL_PREFIX
from raincheck_workers.cli.alias_options import (
    ExpectOption,
    IfBetterOption,
    ModeOption,
    WhyOption,
)
from raincheck_workers.cli.artifact_choice import resolved_version, version_reference
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.promotion import report_promotion
from raincheck_workers.cli.rendering.model_page import document, model_page
from raincheck_workers.cli.rendering.model_table import model_document, model_table
from raincheck_workers.cli.rendering.nothing import print_nothing

models = typer.Typer(help="List and show models, promote and demote.", no_args_is_help=True)

VersionArgument = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION|:STAGE]", help="The newest unless it says which.")
]
StageArgument = Annotated[str, typer.Argument(metavar="STAGE", help="Such as production.")]


@models.command("list")
def list_models(*, as_json: JsonOption = False) -> None:
    """List models with their newest version and their stages, by name."""
    deployment = current_deployment()
    names = [MODEL_PREFIX + name for name in deployment.index.models.names()]
    found = deployment.index.records.artifacts(names)
    if as_json:
        print_json([model_document(model) for model in found])
    elif found:
        output().print(model_table(found))
    else:
        print_nothing("models", deployment)


@models.command()
def show(
    name: VersionArgument,
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="Artifacts, runs and moves listed.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show a version of a model: what is linked to it, its metadata, runs, stages, history."""
    version = _version(name)
    if as_json:
        print_json(document(version, limit))
    else:
        output().print(model_page(version, limit))


@models.command()
def promote(  # noqa: PLR0913 - one for each option
    name: VersionArgument,
    stage: StageArgument,
    *,
    if_better: IfBetterOption = None,
    mode: ModeOption = None,
    expect: ExpectOption = None,
    why: WhyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a version into a stage, if it is better than what is there; exit code 1 if not."""
    promotion = _version(name).promote(
        stage,
        if_better=if_better,
        mode=None if mode is None else mode.value,
        expected=expect,
        why=why,
    )
    report_promotion(promotion, as_json=as_json)


@models.command()
def demote(
    name: VersionArgument,
    stage: StageArgument,
    *,
    why: WhyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a version out of a stage, in which no version is then; history remembers it."""
    version = _version(name)
    version.demote(stage, why=why)
    if as_json:
        print_json({"model": version.name, "stage": stage, "version": None})
    else:
        line = f"{version.name}@{version.version} is no longer in stage {stage}"
        output().print(Text(line), soft_wrap=True)


def _version(name: str) -> ModelVersion:
    written = MODEL_PREFIX + name.removeprefix(MODEL_PREFIX)
    reference = version_reference(written, "raincheck models")
    client = Client(current_deployment())
    return ModelVersion(resolved_version(client.deployment, reference), client.deployment)
