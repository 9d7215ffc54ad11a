"""`raincheck models`: list them, show a version, its stages and members put in and out."""

from typing import Annotated

import typer
from rich.text import Text

from raincheck.client.client import Client
from raincheck.client.model_version import ModelVersion
from raincheck.deployment import current_deployment
from raincheck_contracts.artifacts import ArtifactVersion
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

models = typer.Typer(
    help="List and show models, promote and demote, link and unlink.", no_args_is_help=True
)

VersionArgument = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION|:STAGE]", help="The newest unless it says which.")
]
MemberArgument = Annotated[
    str, typer.Argument(metavar="ARTIFACT@VERSION", help="Or artifact:alias, artifact:latest.")
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


@models.command()
def link(name: VersionArgument, member: MemberArgument, *, as_json: JsonOption = False) -> None:
    """Link a version of an artifact to a version of a model."""
    version, artifact = _version(name), _member(member, "raincheck models link")
    version.link(artifact.artifact, artifact.version)
    _tell(version, artifact, linked=True, as_json=as_json)


@models.command()
def unlink(name: VersionArgument, member: MemberArgument, *, as_json: JsonOption = False) -> None:
    """Take a version of an artifact out of a version of a model; the version itself stays."""
    version, artifact = _version(name), _member(member, "raincheck models unlink")
    version.unlink(artifact.artifact, artifact.version)
    _tell(version, artifact, linked=False, as_json=as_json)


def _member(written: str, command: str) -> ArtifactVersion:
    return resolved_version(current_deployment(), version_reference(written, command))


def _tell(version: ModelVersion, member: ArtifactVersion, *, linked: bool, as_json: bool) -> None:
    model, name = f"{version.name}@{version.version}", f"{member.artifact}@{member.version}"
    if as_json:
        print_json({"model": model, "member": name, "linked": linked})
    else:
        output().print(f"{name} is {'linked to' if linked else 'not linked to'} {model} now")


def _version(name: str) -> ModelVersion:
    written = MODEL_PREFIX + name.removeprefix(MODEL_PREFIX)
    reference = version_reference(written, "raincheck models")
    client = Client(current_deployment())
    return ModelVersion(resolved_version(client.deployment, reference), client.deployment)
