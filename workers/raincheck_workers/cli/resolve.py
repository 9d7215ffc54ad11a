"""`raincheck resolve`: what references are now, all at one revision."""

from typing import Annotated

import typer

from raincheck.deployment import current_deployment
from raincheck.index.packing import bound_name
from raincheck.index.replies import BoundVersion
from raincheck.index.run_records import binding_of
from raincheck.index.version_scripts import Resolution
from raincheck.queueing.unknown_names import NearNames
from raincheck_contracts.artifacts import Binding
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReference
from raincheck_workers.cli.error_lines import FAILED
from raincheck_workers.cli.missing_words import missing_words
from raincheck_workers.cli.output import JsonOption, output, print_error, print_json
from raincheck_workers.cli.rendering.binding_table import binding_table


def resolve(
    references: Annotated[
        list[str],
        typer.Argument(
            metavar="REFERENCE...",
            help="name, name@42, name~1, name:alias, name?min=MSE&take=3, name?asof=2026-11-01Z; "
            "each with #/MSE for its metadata.",
        ),
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Resolve references as a step would be bound: all at once, at one revision.

    The exit code is 1 when one of them is missing.
    """
    deployment = current_deployment()
    parsed = [parse_reference(text) for text in references]
    resolution = deployment.index.versions.resolve(parsed)
    bindings = _bindings(parsed, resolution)
    if as_json:
        print_json(_document(resolution, bindings))
    elif bindings:
        output().print(binding_table(bindings))
    if resolution.missing:
        near = NearNames(deployment.index)
        print_error("; ".join(missing_words(near, item) for item in resolution.missing))
        raise typer.Exit(FAILED)


def _bindings(references: list[Reference], resolution: Resolution) -> dict[str, Binding]:
    return {
        bound_name(reference, place): binding_of(
            (bound.artifact, bound.version, bound.sequence),
            bound.record,
            revision=resolution.revision,
            written=str(reference),
            metadata=bound.metadata,
            namespace=bound.namespace,
        )
        for reference, answer in zip(references, resolution.answers, strict=True)
        for place, bound in enumerate(_versions(answer))
    }


def _versions(
    answer: BoundVersion | tuple[BoundVersion, ...] | MissingReference,
) -> tuple[BoundVersion, ...]:
    if isinstance(answer, MissingReference):
        return ()
    return answer if isinstance(answer, tuple) else (answer,)


def _document(resolution: Resolution, bindings: dict[str, Binding]) -> dict[str, object]:
    return {
        "revision": resolution.revision,
        "bindings": {name: item.model_dump(mode="json") for name, item in bindings.items()},
        "missing": [item.model_dump(mode="json") for item in resolution.missing],
    }
