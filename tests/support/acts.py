"""Acts of a random history: a method with drawn arguments, to be played on whatever it is of."""

from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import strategies as st


def act(
    call: Callable[..., None], **drawn: st.SearchStrategy[object]
) -> st.SearchStrategy[Callable[[Any], None]]:
    """A method, called on what is given with arguments that are drawn.

    Args:
        call: the method, of a class.
        drawn: its arguments by name.
    """
    return st.fixed_dictionaries(drawn).map(lambda fields: partial(_play, call, fields))


def _play(call: Callable[..., None], fields: dict[str, object], on: object) -> None:
    call(on, **fields)
