"""Which versions a call of `get_artifact_version` or `get_artifact_versions` means."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from raincheck.authoring.models import Model
from raincheck.client.predicates import conditions_of
from raincheck.durations import seconds_of
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import (
    AliasSelector,
    BestSelector,
    LatestSelector,
    NthSelector,
    PipelineSelector,
    RunSelector,
    Selector,
    TagSelector,
    VersionSelector,
    WhereSelector,
)

NAMES = "Names are up to 64 of a-z, 0-9, '.', '_', '-'; aliases are not all digits"


def chosen_reference(
    call: str, artifact: str, selectors: Mapping[str, Any], more: Mapping[str, Any]
) -> Reference:
    """The reference that the arguments of a call give; to the newest version without any.

    Args:
        call: for messages.
        artifact: as given.
        selectors: of which at most one is not None.
        more: `mode`, `wait`, `as_of`, `take`.

    Raises:
        ArgumentError: two selectors, a mode without a metric, or what cannot be one.
    """
    chosen = {name: value for name, value in selectors.items() if value is not None}
    if len(chosen) > 1:
        problem = f"{' and '.join(chosen)} are given together"
        raise ArgumentError(call, problem, "Give one of them")
    mode, wait = more.get("mode"), more.get("wait")
    if (mode is None) == ("best" in chosen):
        problem = "best= needs mode='min' or mode='max'" if mode is None else "mode= needs best="
        raise ArgumentError(call, problem, "Write best='MSE', mode='min'")
    try:
        selector = _selector(chosen, mode)
        return Reference(
            artifact=artifact,
            selector=selector,
            wait=None if wait is None else seconds_of(wait),
            as_of=more.get("as_of"),
            take=more.get("take"),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{item}: " for item in first["loc"] if isinstance(item, str))
        raise ArgumentError(call, f"{artifact!r}: {where}{first['msg']}", NAMES) from error


def _model(value: object) -> Model:
    if isinstance(value, Model):
        return value
    problem = f"model={value!r} is no Model"
    raise ArgumentError("get_artifact_version", problem, 'Write model=Model("churn", stage="...")')


def _selector(chosen: Mapping[str, Any], mode: Any) -> Selector:
    if not chosen:
        return LatestSelector()
    word, value = next(iter(chosen.items()))
    build: dict[str, Callable[[], Selector]] = {
        "version": lambda: VersionSelector(version=str(value)),
        "alias": lambda: AliasSelector(alias=value),
        "best": lambda: BestSelector(metric=value, mode=mode),
        "tag": lambda: TagSelector(tag=value),
        "where": lambda: WhereSelector(conditions=conditions_of(value)),
        "back": lambda: NthSelector(back=value),
        "pipeline": lambda: PipelineSelector(pipeline=getattr(value, "name", value)),
        "model": lambda: _model(value).selector,
        "run": lambda: RunSelector(run=getattr(value, "id", value)),
    }
    return build[word]()
