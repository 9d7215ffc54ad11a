"""`raincheck artifacts alias`, `unalias`, `log-metadata`: what is said of a version later."""

from typing import Annotated

import typer

from raincheck.client.client import Client
from raincheck.deployment import current_deployment
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.selectors import LatestSelector, VersionSelector
from raincheck_workers.cli.alias_options import ExpectOption, WhyOption
from raincheck_workers.cli.artifact_choice import resolved_version, version_reference
from raincheck_workers.cli.named_values import named_values
from raincheck_workers.cli.output import JsonOption, messages, output, print_json

_LOG = "raincheck artifacts log-metadata"


def set_alias(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the artifact.")],
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="Not all digits, not latest.")],
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="What it shall name; latest is the newest.")
    ],
    *,
    expect: ExpectOption = None,
    why: WhyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an alias name a version; steps that wait for the alias wake."""
    client = Client(current_deployment())
    reference = f"{name}:latest" if version == "latest" else f"{name}@{version}"
    found = resolved_version(client.deployment, parse_reference(reference))
    named = client.set_alias(name, alias, found.version, expected=expect, why=why)
    if as_json:
        print_json({"artifact": name, "alias": alias, "version": named})
    else:
        output().print(f"{name}:{alias} is {name}@{named} now")


def remove_alias(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the artifact.")],
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="It names nothing then.")],
    *,
    expect: ExpectOption = None,
    why: WhyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an alias name nothing; its history stays."""
    client = Client(current_deployment())
    named = client.remove_alias(name, alias, expected=expect, why=why)
    if as_json:
        print_json({"artifact": name, "alias": alias, "version": None, "previous": named})
    else:
        said = f"names nothing now, before {named}" if named else "named nothing already"
        output().print(f"{name}:{alias} {said}")


def log_metadata(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="NAME@VERSION", help="Or name:alias, name:latest, name?min=MSE, name?tag=x."
        ),
    ],
    entries: Annotated[list[str], typer.Argument(metavar="KEY=JSON...", help="JSON, else text.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Add metadata to a version; a key is written once."""
    metadata = named_values(_LOG, entries)
    parsed = version_reference(reference, _LOG)
    if isinstance(parsed.selector, LatestSelector) and ":" not in reference:
        problem = f"{reference!r} names no version"
        raise ArgumentError(_LOG, problem, f"Write {reference}@42 or {reference}:latest")
    client = Client(current_deployment())
    found = resolved_version(client.deployment, parsed)
    if not isinstance(parsed.selector, VersionSelector):
        messages().print(f"{reference} is {found.artifact}@{found.version}")
    client.log_metadata(found.artifact, metadata, found.version)
    version = client.deployment.index.records.version(found.artifact, found.version)
    if as_json:
        print_json(None if version is None else version.model_dump(mode="json"))
    else:
        keys = ", ".join(metadata)
        output().print(f"logged {keys} to {found.artifact}@{found.version}")
