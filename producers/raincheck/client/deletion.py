"""What a client does to be rid of versions: delete one, prune many."""

import secrets
from collections.abc import Callable, Sequence

from raincheck.client.access import Access
from raincheck.client.moving import mover
from raincheck.client.pruning import PruneRule, judged
from raincheck.durations import Duration, seconds_of
from raincheck.messaging.waking import wake
from raincheck_contracts.deletions import Deletion, PruneEntry, Pruning, Tombstone
from raincheck_contracts.errors import (
    ArgumentError,
    ReferenceNotFoundError,
    SettingsError,
    VersionAliasedError,
    VersionLinkedError,
)

_RULES = "Give keep=10, older_than='30d' or unused=True: without any all versions would go"


class Deletions(Access):
    """Deletion of versions."""

    def delete_artifact_version(
        self,
        name: str,
        version: str | int,
        *,
        force: bool = False,
        by: str | None = None,
        why: str | None = None,
    ) -> Deletion:
        """Delete a version: it is an answer of no reference any more, as of no moment.

        Its name is not used again. Steps that are bound to it, and runs that it started or
        that made it, still read it for 24 hours. Steps that ask for it by its name and wait
        fail now. Its blobs stay: other versions may have the same bytes.

        Args:
            name: the artifact.
            version: its name or number.
            force: take it from the aliases that name it, and from models, too.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept for ever, at most 1,000 bytes.

        Returns:
            What was removed.

        Raises:
            ReferenceNotFoundError: no such version.
            VersionDeletedError: it was deleted before; says when and by whom.
            VersionAliasedError: aliases name it, and it is not by force.
            VersionLinkedError: it belongs to models, and it is not by force.
            AliasGuardedError: one of them is moved by other pipelines only.
            InvalidWriteError: a text is too long.
        """
        index = self.deployment.index
        done = index.deletions.delete(
            secrets.token_hex(16), name, str(version), force=force, mover=mover(by, why)
        )
        if done.dirty:
            wake(index, self.deployment.hints)
        return done.deletion

    def deleted_artifact_version(self, name: str, version: str | int) -> Tombstone | None:
        """What stays of a deleted version: when, by whom and why; None if it was not deleted."""
        key = f"{name}@{version}"
        return self.deployment.index.deletions.tombstones([key]).get(key)

    def prune_artifacts(  # noqa: PLR0913 - the rule
        self,
        name: str | None = None,
        *,
        keep: int | None = None,
        older_than: Duration | None = None,
        unused: bool = False,
        keep_tags: Sequence[str] = (),
        dry_run: bool = False,
        by: str | None = None,
        why: str | None = None,
        progress: Callable[[PruneEntry], None] | None = None,
    ) -> Pruning:
        """Delete the versions that no condition keeps, oldest first, one after another.

        A version with an alias, or that belongs to a model, stays in any case. All conditions
        that are given must let a version go. If it ends early, what is done stays done.

        Args:
            name: the artifact, exactly; None is all artifacts.
            keep: the newest so many of each artifact stay.
            older_than: younger versions stay; seconds, or `30d`.
            unused: versions that a step which succeeded had bound stay.
            keep_tags: versions with one of these tags stay.
            dry_run: delete nothing, and say what would go.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept of each version for ever; None is what the rule says of it.
            progress: called after each deletion.

        Returns:
            What went and what stayed, each with the reason.

        Raises:
            ArgumentError: no condition is given, or one that cannot be meant.
            InvalidWriteError: a text is too long.
        """
        rule = _rule(keep, older_than, unused=unused, keep_tags=keep_tags)
        index = self.deployment.index
        goes, stays = list[PruneEntry](), list[PruneEntry]()
        for artifact in [name] if name else index.records.artifact_names():
            for entry, go in judged(index, artifact, rule):
                kept = None if go else entry
                if go and not dry_run:
                    kept = self._prune(entry, by, why or f"pruned: {entry.why}")
                if kept is not None:
                    stays.append(kept)
                    continue
                goes.append(entry)
                if progress is not None and not dry_run:
                    progress(entry)
        return Pruning(dry_run=dry_run, goes=tuple(goes), stays=tuple(stays))

    def _prune(self, entry: PruneEntry, by: str | None, why: str) -> PruneEntry | None:
        """Delete a version that was to go; the entry when it stays after all."""
        try:
            self.delete_artifact_version(entry.artifact, entry.version, by=by, why=why)
        except VersionAliasedError as error:  # since it was looked at
            return entry.model_copy(update={"why": f"alias {', '.join(error.aliases)}"})
        except VersionLinkedError as error:
            return entry.model_copy(update={"why": f"model {', '.join(error.models)}"})
        except ReferenceNotFoundError:
            return None  # somebody else has deleted it meanwhile
        return None


def _rule(
    keep: int | None, older_than: Duration | None, *, unused: bool, keep_tags: Sequence[str]
) -> PruneRule:
    if keep is None and older_than is None and not unused:
        raise ArgumentError("prune_artifacts", "no condition is given", _RULES)
    if keep is not None and keep < 0:
        raise ArgumentError("prune_artifacts", f"keep={keep}", "Give a number from 0 upwards")
    if isinstance(keep_tags, str):
        problem, remedy = f"keep_tags={keep_tags!r} is one text", f"Give [{keep_tags!r}]"
        raise ArgumentError("prune_artifacts", problem, remedy)
    try:
        age = None if older_than is None else seconds_of(older_than, setting="older_than")
    except SettingsError as error:
        raise ArgumentError("prune_artifacts", str(error), "Such as older_than='30d'") from error
    return PruneRule(keep=keep, older_than=age, unused=unused, keep_tags=tuple(keep_tags))
