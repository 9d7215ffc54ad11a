"""Who moves an alias: the step that runs here, or the user of this process."""

import getpass

from pydantic import ValidationError

from raincheck.authoring.context import active_step_context
from raincheck.client.selecting import NAMES
from raincheck.index.alias_scripts import Mover
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.selectors import AliasSelector

#: Of what the index keeps; a user's name is no reason to refuse a move.
_LONGEST = 200


def acting_run() -> str:
    """The run whose step does this; empty outside of steps."""
    context = active_step_context()
    return "" if context is None else context.run


def mover(by: str | None, why: str | None) -> Mover:
    """Who moves an alias now.

    Args:
        by: instead of the step or user that is found out.
        why: for the history.
    """
    return Mover(by=by or _found_out(), why=why or "", run=acting_run())


def _found_out() -> str:
    context = active_step_context()
    if context is not None:
        return f"{context.pipeline}/{context.run}/{context.step}"[:_LONGEST]
    try:
        name = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user may have no name
        return "unknown"
    # It is shown in terminals and tables: what is no printable ASCII is none of its.
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in name)[:_LONGEST]


def check_alias(where: str, alias: str) -> None:
    """Refuse what cannot be an alias.

    Raises:
        ArgumentError: says why.
    """
    try:
        AliasSelector(alias=alias)
    except ValidationError as error:
        raise ArgumentError(where, error.errors()[0]["msg"], NAMES) from error
