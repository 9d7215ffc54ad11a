"""`raincheck artifacts delete` and `prune`: to be rid of versions."""

from functools import partial
from typing import Annotated

import typer

from raincheck.client.client import Client
from raincheck.deployment import current_deployment
from raincheck_contracts.deletions import PruneEntry
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.selectors import VersionSelector
from raincheck_workers.cli.asking import YesOption, ask
from raincheck_workers.cli.output import JsonOption, messages, output, print_json
from raincheck_workers.cli.rendering.pruning_table import pruning_table, pruning_words

_DELETE = "raincheck artifacts delete"
#: Said after each deletion, so that nobody looks for the space.
BLOBS_STAY = "the bytes of blobs stay in the store: other versions may share them"

# Deletions after which progress is told.
_EVERY = 100

WhyOption = Annotated[str | None, typer.Option(metavar="TEXT", help="Kept for ever.")]


def delete(
    reference: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The one to delete.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Take it from aliases and models, too.")
    ] = False,
    why: WhyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a version; its name is not used again, steps bound to it read it for 24 hours."""
    parsed = parse_reference(reference)
    if not isinstance(parsed.selector, VersionSelector) or parsed.pointer is not None:
        problem = f"{reference!r} names no version by its name"
        raise ArgumentError(_DELETE, problem, f"Write {parsed.artifact}@42")
    version = parsed.selector.version
    ask(f"Delete {parsed.artifact}@{version}?", yes=yes)
    done = Client(current_deployment()).delete_artifact_version(
        parsed.artifact, version, force=force, why=why
    )
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    also = "".join(f", and removed the alias {alias}" for alias in done.aliases)
    also += "".join(f", and took it from model {model}" for model in done.models)
    output().print(f"deleted {done.artifact}@{done.version}{also}")
    messages().print(BLOBS_STAY)


def prune(  # noqa: PLR0913 - the rule
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of the artifact; all if left out.")
    ] = None,
    *,
    keep: Annotated[
        int | None, typer.Option(min=0, help="The newest so many of each artifact stay.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="TIME", help="Younger ones stay; such as 30d, 12h.")
    ] = None,
    unused: Annotated[
        bool, typer.Option("--unused", help="What a step that succeeded had bound stays.")
    ] = False,
    keep_tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="What has it stays; may be repeated."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would go, and what stays and why.")
    ] = False,
    why: WhyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete the versions that nothing keeps; what an alias or a model has stays in any case."""
    prune_them = partial(
        Client(current_deployment()).prune_artifacts,
        name,
        keep=keep,
        older_than=older_than,
        unused=unused,
        keep_tags=keep_tag or (),
    )
    pruned = prune_them(dry_run=True)
    if not as_json:
        output().print(pruning_table(pruned))
        output().print(pruning_words(pruned))
    if not dry_run:
        if pruned.goes:
            ask(f"Delete {_versions(len(pruned.goes))}?", yes=yes)
        pruned = prune_them(why=why, progress=_Progress().tell)
        if not as_json:
            output().print(f"deleted {_versions(len(pruned.goes))}")
            messages().print(BLOBS_STAY)
    if as_json:
        print_json(pruned.model_dump(mode="json"))


class _Progress:
    """Tells how far it is, now and then."""

    def __init__(self) -> None:
        self._done = 0

    def tell(self, entry: PruneEntry) -> None:
        self._done += 1
        if self._done % _EVERY == 0:
            messages().print(f"{self._done} deleted, up to {entry.artifact}@{entry.version}")


def _versions(count: int) -> str:
    return f"{count} version{'' if count == 1 else 's'}"
