"""Reading the string form of a reference."""

import json
import re
from urllib.parse import unquote

from pydantic import ValidationError

from raincheck_contracts.errors import ReferenceSyntaxError
from raincheck_contracts.references import (
    AliasSelector,
    BestSelector,
    Condition,
    LatestSelector,
    Operator,
    Reference,
    Selector,
    TagSelector,
    TriggerSelector,
    VersionSelector,
    WhereSelector,
)

_SHAPE = re.compile(
    r"^(?P<artifact>[^@:?#]*)(?P<selector>[@:?][^#]*)?(?:#(?P<pointer>.*))?$", re.DOTALL
)
_CONDITION = re.compile(r"^(?P<key>[^<>=]+)(?:(?P<sign><=|>=|<|>|=)(?P<value>.+))?$", re.DOTALL)
_OPERATORS = {
    "<=": Operator.LE,
    ">=": Operator.GE,
    "<": Operator.LT,
    ">": Operator.GT,
    "=": Operator.EQ,
}


def parse_reference(text: str, *, wait: float | None = None) -> Reference:
    """Read a reference from its string form; the inverse of `str(reference)`.

    Args:
        text: for example `trained_model:latest#/MSE`; see `raincheck_contracts.references`.
        wait: seconds to wait for it, which the string form does not carry.

    Returns:
        The reference.

    Raises:
        ReferenceSyntaxError: names the text, what is wrong in it and an example.
    """
    shape = _SHAPE.match(text)
    if shape is None:
        raise ReferenceSyntaxError(text, "it does not begin with an artifact name")
    try:
        pointer = shape["pointer"]
        return Reference(
            artifact=shape["artifact"],
            selector=_parse_selector(text, shape["selector"] or ":latest"),
            pointer=None if pointer is None else unquote(pointer, errors="strict"),
            wait=wait,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(item) for item in first["loc"] if isinstance(item, str))
        raise ReferenceSyntaxError(text, f"{where}: {first['msg']}") from error
    except UnicodeDecodeError as error:
        raise ReferenceSyntaxError(text, "the pointer is not percent-encoded UTF-8") from error


def _parse_selector(text: str, selector: str) -> Selector:  # noqa: C901, PLR0911 - one for each
    sign, rest = selector[0], selector[1:]
    if sign == "@":
        return VersionSelector(version=rest)
    if sign == ":":
        return LatestSelector() if rest == "latest" else AliasSelector(alias=rest)
    word, separator, argument = rest.partition("=")
    if not separator or not argument:
        raise ReferenceSyntaxError(text, f"?{rest} is not of the form ?word=argument")
    match word:
        case "min":
            return BestSelector(metric=unquote(argument), mode="min")
        case "max":
            return BestSelector(metric=unquote(argument), mode="max")
        case "tag":
            return TagSelector(tag=argument)
        case "trigger" if argument in {"newest", "all"}:
            return TriggerSelector(take="all" if argument == "all" else "newest")
        case "where":
            items = argument.split(",")
            return WhereSelector(conditions=tuple(_parse_condition(text, item) for item in items))
        case _:
            raise ReferenceSyntaxError(
                text, f"?{word}= is unknown; there are min, max, tag, where, trigger"
            )


def _parse_condition(text: str, item: str) -> Condition:
    shape = _CONDITION.match(item)
    if shape is None:
        raise ReferenceSyntaxError(text, f"{item!r} is not of the form key<value")
    key = unquote(shape["key"])
    if shape["sign"] is None:
        return Condition(key=key, op=Operator.EXISTS)
    try:
        value = json.loads(unquote(shape["value"]))
    except json.JSONDecodeError as error:
        detail = f"{shape['value']!r} is no JSON value (a string needs double quotes)"
        raise ReferenceSyntaxError(text, detail) from error
    return Condition(key=key, op=_OPERATORS[shape["sign"]], value=value)
