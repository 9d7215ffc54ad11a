"""Which version a call of `get_artifact_version` means."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from raincheck.client.predicates import conditions_of
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.references import (
    AliasSelector,
    BestSelector,
    LatestSelector,
    Selector,
    TagSelector,
    VersionSelector,
    WhereSelector,
)

NAMES = "Names are up to 64 of a-z, 0-9, '.', '_', '-'; aliases are not all digits"


def chosen_selector(given: Mapping[str, Any], mode: Literal["min", "max"] | None) -> Selector:
    """The selector that the arguments give; the newest version without any.

    Raises:
        ArgumentError: two of them, a mode without a metric, or a name that cannot be one.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if len(chosen) > 1:
        problem = f"{' and '.join(chosen)} are given together"
        raise ArgumentError("get_artifact_version", problem, "Give one of them")
    if (mode is None) == ("best" in chosen):
        problem = "best= needs mode='min' or mode='max'" if mode is None else "mode= needs best="
        raise ArgumentError("get_artifact_version", problem, "Write best='MSE', mode='min'")
    try:
        return _build(chosen, mode)
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise ArgumentError("get_artifact_version", problem, NAMES) from error


def _build(chosen: Mapping[str, Any], mode: Literal["min", "max"] | None) -> Selector:
    if "version" in chosen:
        return VersionSelector(version=chosen["version"])
    if "alias" in chosen:
        return AliasSelector(alias=chosen["alias"])
    if "best" in chosen and mode is not None:
        return BestSelector(metric=chosen["best"], mode=mode)
    if "tag" in chosen:
        return TagSelector(tag=chosen["tag"])
    if "where" in chosen:
        return WhereSelector(conditions=conditions_of(chosen["where"]))
    return LatestSelector()
