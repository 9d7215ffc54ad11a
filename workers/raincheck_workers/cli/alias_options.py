"""Options of the commands that move an alias, be it of an artifact or the stage of a model."""

from enum import Enum
from typing import Annotated

import typer

AliasOption = Annotated[str, typer.Option(metavar="ALIAS", help="Such as production.")]
WhyOption = Annotated[str | None, typer.Option(metavar="TEXT", help="Kept in the history.")]
ExpectOption = Annotated[
    str | None, typer.Option(metavar="VERSION", help="Only if it names this version now.")
]


class Mode(Enum):
    """Which of two numbers is better."""

    MIN = "min"
    MAX = "max"


IfBetterOption = Annotated[
    str | None, typer.Option(metavar="METRIC", help="Compare this number of the metadata first.")
]
ModeOption = Annotated[Mode | None, typer.Option(help="Whether less or more of it is better.")]
