"""Typed signature of the Lua function that lets a step take cached outputs."""

from dataclasses import dataclass

from raincheck.index import replies
from raincheck.index.connection import Connection, text
from raincheck.index.entries import NewVersion, model_arguments
from raincheck.index.refused_writes import refused_write
from raincheck.index.replies import Completed
from raincheck.index.run_scripts import Attempt
from raincheck_contracts.errors import StaleFenceError
from raincheck_contracts.lineage import BoundReferences


@dataclass(frozen=True, slots=True)
class Reused:
    """The step has succeeded with outputs that were there already."""

    completed: Completed
    origin: str
    """`run/step` that computed them."""


@dataclass(frozen=True, slots=True)
class Computes:
    """This attempt computes, for all who ask for the same meanwhile."""


@dataclass(frozen=True, slots=True)
class Awaits:
    """Another attempt computes the same: the step waits in the index."""

    computes: str
    """`run/step` of that attempt; empty when the step has gone on since."""


class ReuseScripts:
    """reuse."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reuse(
        self,
        attempt: Attempt,
        key: str,
        seconds: int,
        bound: BoundReferences,
        model: NewVersion | None = None,
    ) -> Reused | Computes | Awaits:
        """Ask for the outputs of a computation; the same attempt may ask again.

        Args:
            attempt: whose fence is shown.
            key: of the computation.
            seconds: for which its outputs are kept since they were last used.
            bound: what the step had bound, kept with what it takes.
            model: as in `RunScripts.complete`: what is taken is linked to it.

        Raises:
            StaleFenceError: the attempt no longer owns the step; nothing was written.
            VersionExistsError, VersionNameError: of the version of a model; nothing was written.
        """
        reply = self._connection.call(
            "reuse",
            attempt.run,
            attempt.step,
            attempt.fence,
            attempt.node,
            key,
            seconds,
            bound.canonical_json(),
            *(model_arguments(model) if model else ()),
        )
        match text(reply[0]):
            case "HIT":
                return Reused(replies.completed(reply), text(reply[6]))
            case "COMPUTE":
                return Computes()
            case "WAIT":
                return Awaits(text(reply[1]))
            case "STALE":
                raise StaleFenceError(attempt.run, attempt.step)
            case _:
                raise refused_write(reply)
