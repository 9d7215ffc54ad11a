"""What a client does with aliases beyond setting them: compare, take back, look back, protect."""

import secrets
from typing import Literal

from raincheck.client.access import Access
from raincheck.client.moving import check_alias, mover
from raincheck.index.alias_scripts import Promoted
from raincheck.messaging.waking import wake
from raincheck_contracts.aliases import AliasMove, Promotion
from raincheck_contracts.errors import ArgumentError

_BOTH = 'Give both, if_better="MSE", mode="min", or neither'


class Promotions(Access):
    """Promotion, rollback, history and protection of aliases."""

    def promote(  # noqa: PLR0913 - what is compared, and who wants it
        self,
        name: str,
        version: str | int | None = None,
        *,
        alias: str,
        if_better: str | None = None,
        mode: Literal["min", "max"] | None = None,
        expected: str | int | None = None,
        by: str | None = None,
        why: str | None = None,
    ) -> Promotion:
        """Let an alias name a version if that is better than the one it names.

        Comparing and moving are one act in the index: of two promotions at once the second
        is compared with what the first has left. It takes effect at once, also inside a
        step, whether or not the step succeeds later; so a step can only promote versions
        that are published, not what it is about to return.

        Args:
            name: the artifact.
            version: the candidate; None is the newest.
            alias: the name to give.
            if_better: metadata key by which candidate and incumbent are compared; the candidate
                must be strictly better. None compares nothing. An alias that names
                nothing yet takes any candidate that has the metric.
            mode: `min` when less of it is better, `max` when more; goes with `if_better`.
            expected: the version that it must name now, else nothing is changed.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept in the history, at most 1,000 bytes.

        Returns:
            What came of it. Not better is no error: `moved` is False, and `reason` says both
            values.

        Raises:
            ArgumentError: the alias cannot be one, or `if_better` without `mode`.
            ReferenceNotFoundError: no such version.
            MetricMissingError: candidate or incumbent has no such number.
            AliasGuardedError: only other pipelines may move it.
            InvalidWriteError: it does not name `expected`, or a text is too long.
        """
        check_alias("promote", alias)
        if (if_better is None) is not (mode is None):
            raise ArgumentError("promote", f"if_better={if_better!r} with mode={mode!r}", _BOTH)
        return self._done(
            self.deployment.index.aliases.promote(
                secrets.token_hex(16),
                name,
                None if version is None else str(version),
                alias,
                metric=if_better,
                mode=mode,
                expected=None if expected is None else str(expected),
                mover=mover(by, why),
            )
        )

    def rollback(
        self,
        name: str,
        alias: str,
        *,
        expected: str | int | None = None,
        by: str | None = None,
        why: str | None = None,
    ) -> Promotion:
        """Undo the last move of an alias that is not undone yet.

        The alias names what it named before that move. Twice in a row undoes two moves; after
        a new move, that one is undone first. Takes effect at once, also inside a step.

        Args:
            name: the artifact.
            alias: the name to take back.
            expected: the version that it must name now, else nothing is changed: two who roll
                back at once then go one step back, not two.
            by: who does it; None is `pipeline/run/step` in a step, else the user's name.
            why: kept in the history, at most 1,000 bytes.

        Raises:
            ArgumentError: the alias cannot be one.
            RollbackRefusedError: there is nothing to go back to, or that version is gone.
            AliasGuardedError: only other pipelines may move it.
            InvalidWriteError: it does not name `expected`, or a text is too long.
        """
        check_alias("rollback", alias)
        text = None if expected is None else str(expected)
        scripts = self.deployment.index.aliases
        return self._done(
            scripts.rollback(
                secrets.token_hex(16), name, alias, expected=text, mover=mover(by, why)
            )
        )

    def alias_history(self, name: str, alias: str, limit: int = 100) -> list[AliasMove]:
        """The moves of an alias, newest first; 1,000 are kept.

        Args:
            name: the artifact.
            alias: one of its aliases; of one that never moved there are none.
            limit: at most so many.

        Raises:
            ArgumentError: the alias cannot be one, or the limit is below 1.
        """
        check_alias("alias_history", alias)
        if limit < 1:
            raise ArgumentError("alias_history", f"limit={limit}", "Give a number from 1 upwards")
        index = self.deployment.index.answering(name)
        return index.aliases.history(name, alias, limit)

    def protect_alias(self, name: str, alias: str, *pipelines: str) -> None:
        """Let only runs of these pipelines move an alias, by whatever way; nobody by hand.

        It guards against mistakes, not against people: whoever has access to the server can
        set the alias free, or name any run as the mover. The namespace is the trust boundary.

        Args:
            name: the artifact.
            alias: to protect; it need not name anything yet.
            pipelines: in place of those named before.

        Raises:
            ArgumentError: the alias cannot be one, or no pipeline is named.
            InvalidWriteError: a pipeline's or artifact's name cannot be one.
        """
        check_alias("protect_alias", alias)
        if not pipelines:
            remedy = "Name at least one; unprotect_alias() sets the alias free"
            raise ArgumentError("protect_alias", "no pipeline is named", remedy)
        self.deployment.index.aliases.protect(name, alias, pipelines)

    def unprotect_alias(self, name: str, alias: str) -> None:
        """Let everybody move an alias again.

        Raises:
            ArgumentError: the alias cannot be one.
        """
        check_alias("unprotect_alias", alias)
        self.deployment.index.aliases.protect(name, alias, ())

    def alias_protection(self, name: str, alias: str) -> tuple[str, ...]:
        """The pipelines whose runs alone may move an alias; none when everybody may."""
        check_alias("alias_protection", alias)
        return self.deployment.index.aliases.protection(name, alias)

    def _done(self, promoted: Promoted) -> Promotion:
        self._wake(dirty=promoted.dirty)
        return promoted.promotion

    def _wake(self, *, dirty: bool) -> None:
        if dirty:
            wake(self.deployment.index, self.deployment.hints)
