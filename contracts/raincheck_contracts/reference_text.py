"""Reading the string form of a reference."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import unquote

from pydantic import ValidationError

from raincheck_contracts.errors import ReferenceSyntaxError
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import (
    AliasSelector,
    BestSelector,
    Condition,
    LatestSelector,
    ModelSelector,
    NthSelector,
    Operator,
    PipelineSelector,
    RunSelector,
    Selector,
    TagSelector,
    TriggerSelector,
    VersionSelector,
    WhereSelector,
)

_SHAPE = re.compile(
    r"^(?P<artifact>[^@:?#~]*)(?P<sign>[@:~])?(?P<name>[^?#]*)"
    r"(?:\?(?P<words>[^#]*))?(?:#(?P<pointer>.*))?$",
    re.DOTALL,
)
_WORDS = ("min", "max", "tag", "where", "pipeline", "run", "trigger", "model", "take", "asof")

_MODEL = re.compile(r"^(?P<model>[^@:~]*)(?:(?P<sign>[@:~])(?P<name>.*))?$", re.DOTALL)
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
    if shape["sign"] is None and shape["name"]:
        raise ReferenceSyntaxError(text, "it does not begin with an artifact name")
    words = {} if shape["words"] is None else _read_words(text, shape["words"])
    take, as_of = words.pop("take", None), words.pop("asof", None)
    try:
        pointer = shape["pointer"]
        return Reference(
            artifact=shape["artifact"],
            selector=_read_selector(text, shape["sign"], shape["name"], words),
            pointer=None if pointer is None else unquote(pointer, errors="strict"),
            wait=wait,
            take=None if take is None else _read_take(text, take),
            as_of=None if as_of is None else _read_moment(text, as_of),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(item) for item in first["loc"] if isinstance(item, str))
        detail = f"{where}: {first['msg']}" if where else first["msg"]
        raise ReferenceSyntaxError(text, detail) from error
    except UnicodeDecodeError as error:
        raise ReferenceSyntaxError(text, "the pointer is not percent-encoded UTF-8") from error


def _read_words(text: str, words: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in words.split("&"):
        word, separator, argument = item.partition("=")
        if not separator or not argument:
            raise ReferenceSyntaxError(text, f"?{item} is not of the form ?word=argument")
        if word not in _WORDS:
            raise ReferenceSyntaxError(text, f"?{word}= is unknown; there are {', '.join(_WORDS)}")
        if word in found:
            raise ReferenceSyntaxError(text, f"{word}= is there twice")
        found[word] = argument
    return found


def _read_take(text: str, take: str) -> int | Literal["all"]:
    if take == "all":
        return "all"
    if not take.isascii() or not take.isdigit():
        raise ReferenceSyntaxError(text, f"take={take} is neither a number nor 'all'")
    return int(take)


def _read_moment(text: str, moment: str) -> int | datetime:
    if moment.isascii() and moment.isdigit():
        return int(moment)
    try:
        return datetime.fromisoformat(unquote(moment))
    except ValueError as error:
        detail = f"asof={moment} is neither a revision nor a time such as 2026-11-01T12:00:00Z"
        raise ReferenceSyntaxError(text, detail) from error


def _read_selector(text: str, sign: str | None, name: str, words: Mapping[str, str]) -> Selector:
    if len(words) + (sign is not None) > 1:
        chosen = [f"{sign}{name}"] if sign else []
        given = " and ".join([*chosen, *(f"{word}=" for word in words)])
        raise ReferenceSyntaxError(text, f"{given} are two selectors; give one")
    if words:
        word, argument = next(iter(words.items()))
        return _read_word(text, word, argument)
    match sign:
        case "@":
            return VersionSelector(version=name)
        case "~":
            if not name.isascii() or not name.isdigit():
                raise ReferenceSyntaxError(text, f"~{name} is no number of versions to go back")
            return NthSelector(back=int(name))
        case ":" if name != "latest":
            return AliasSelector(alias=name)
        case _:
            return LatestSelector()


def _read_word(text: str, word: str, argument: str) -> Selector:  # noqa: C901, PLR0911 - one for each
    match word:
        case "min":
            return BestSelector(metric=unquote(argument), mode="min")
        case "max":
            return BestSelector(metric=unquote(argument), mode="max")
        case "tag":
            return TagSelector(tag=argument)
        case "pipeline":
            return PipelineSelector(pipeline=argument)
        case "run":
            return RunSelector(run=argument)
        case "trigger" if argument in {"newest", "all"}:
            return TriggerSelector(take="all" if argument == "all" else "newest")
        case "model":
            return _read_model(text, argument)
        case "where":
            items = argument.split(",")
            return WhereSelector(conditions=tuple(_parse_condition(text, item) for item in items))
        case _:
            raise ReferenceSyntaxError(text, f"{word}={argument} is not newest or all")


def _read_model(text: str, argument: str) -> ModelSelector:
    shape = _MODEL.match(argument)
    if shape is None:
        raise ReferenceSyntaxError(text, f"model={argument} does not begin with a model's name")
    match _read_selector(text, shape["sign"], shape["name"] or "", {}):
        case VersionSelector(version=version):
            return ModelSelector(model=shape["model"], version=version)
        case AliasSelector(alias=stage):
            return ModelSelector(model=shape["model"], stage=stage)
        case NthSelector(back=back):
            return ModelSelector(model=shape["model"], back=back)
        case _:
            return ModelSelector(model=shape["model"])


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
