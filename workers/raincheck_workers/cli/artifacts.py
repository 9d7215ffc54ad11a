"""`raincheck artifacts`: list them, show one or one of its versions, annotate one."""

import re
from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import MetadataPointerError
from raincheck_contracts.pointers import follow, tokens_of
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_workers.cli.artifact_changes import log_metadata, remove_alias, set_alias
from raincheck_workers.cli.artifact_choice import resolved_version
from raincheck_workers.cli.artifact_versions import versions_of
from raincheck_workers.cli.deletion import delete, prune
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.promotion import history, promote, protect, rollback
from raincheck_workers.cli.rendering.artifact_table import artifact_table, document
from raincheck_workers.cli.rendering.nothing import print_nothing
from raincheck_workers.cli.rendering.version_page import version_page
from raincheck_workers.cli.rendering.version_table import version_table

artifacts = typer.Typer(help="List, show and annotate artifacts.", no_args_is_help=True)
artifacts.command("alias")(set_alias)
artifacts.command("unalias")(remove_alias)
artifacts.command("log-metadata")(log_metadata)
artifacts.command("versions")(versions_of)
artifacts.command("promote")(promote)
artifacts.command("rollback")(rollback)
artifacts.command("history")(history)
artifacts.command("delete")(delete)
artifacts.command("prune")(prune)
artifacts.command("protect")(protect)


@artifacts.command("list")
def list_artifacts(
    *,
    prefix: Annotated[str, typer.Option(help="Of their names.")] = "",
    after: Annotated[str, typer.Option(metavar="NAME", help="Those after this name.")] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="At most so many; else all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List artifacts with their newest version and their aliases, by name."""
    deployment = current_deployment()
    overlay = deployment.index.overlay
    found = overlay.artifacts(overlay.artifact_names(prefix, after=after, limit=limit))
    if as_json:
        print_json([document(artifact) for artifact in found])
    elif found:
        output().print(artifact_table(found))
    else:
        print_nothing("artifacts", deployment)


@artifacts.command()
def show(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE",
            help="A name, or name@42, name:alias, name:latest, name?min=MSE, name?tag=x.",
        ),
    ],
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="Versions listed for a name alone.")
    ] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show a version of an artifact; for a name alone, its newest versions."""
    deployment = current_deployment()
    parsed = parse_reference(reference)
    version = resolved_version(deployment, parsed)
    if re.search("[@:?#]", reference):
        pointed = _pointed(version, parsed)
        if as_json:
            print_json(version.model_dump(mode="json"))
        else:
            output().print(version_page(version, pointed))
        return
    records = deployment.index.elsewhere(version.namespace).records
    versions = list(records.versions(parsed.artifact, limit))
    if as_json:
        print_json([version.model_dump(mode="json") for version in versions])
    else:
        count, aliases = records.version_count(parsed.artifact), records.aliases(parsed.artifact)
        name = f"{version.namespace}/{parsed.artifact}" if version.namespace else parsed.artifact
        title = f"{name}: the newest {len(versions)} of {count} versions"
        output().print(version_table(versions, title, aliases))


def _pointed(version: ArtifactVersion, reference: Reference) -> tuple[str, JsonValue] | None:
    """What a metadata reference points at, after its pointer."""
    if reference.pointer is None:
        return None
    try:
        return reference.pointer, follow(version.metadata, tokens_of(reference.pointer))
    except LookupError as error:
        raise MetadataPointerError(str(reference), str(error)) from error
