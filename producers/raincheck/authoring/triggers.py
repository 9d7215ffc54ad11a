"""What starts a pipeline: conditions over events, and how their matches are grouped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, TypeVar

from pydantic import ValidationError

from raincheck.authoring.compiling import compiling
from raincheck.authoring.lazy import lazy_artifact_version
from raincheck.client.predicates import Predicate, conditions_of, exists
from raincheck.durations import Duration, seconds_of
from raincheck_contracts._base import JsonValue
from raincheck_contracts.errors import ArgumentError, DefinitionError
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import TriggerSelector
from raincheck_contracts.subscriptions import (
    MAX_BATCH,
    AliasCondition,
    EventCondition,
    Grouping,
    VersionCondition,
)

C = TypeVar("C", VersionCondition, AliasCondition)

_NAMES = "Names are up to 64 of a-z, 0-9, '.', '_', '-'; where= takes up to 8 keys"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one is enough."""

    conditions: tuple[EventCondition, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Parts that must all have a match."""

    parts: tuple[AnyOf, ...]


#: What may stand in `triggers=`.
TriggerCondition = VersionCondition | AliasCondition | AnyOf | AllOf


class SubscriptionOptions(TypedDict, total=False):
    """How events start a pipeline; see `pipeline`."""

    triggers: Sequence[TriggerCondition]
    requires: Sequence[Reference | str]
    group: Grouping
    limit: int
    when_full: Literal["queue", "replace", "skip"]
    feedback: bool
    max_depth: int


def published(
    artifact: str,
    *,
    where: Mapping[str, JsonValue | Predicate] | None = None,
    tag: str | None = None,
    by: str | None = None,
    changed: bool = False,
) -> VersionCondition:
    """A version, once, at the first of its events at which all of this holds.

    Its events are its publication, and each metadata entry and tag that it gets later.

    Args:
        artifact: its name.
        where: what its metadata must satisfy, as in `get_artifact_version`.
        tag: a tag that it must have.
        by: the pipeline that must have published it.
        changed: whether its bytes must differ from those of the version before it.

    Raises:
        ArgumentError: a name, tag or predicate that cannot be one.
    """
    return _condition(
        "published", VersionCondition, artifact, where, tag=tag, by=by, changed=changed
    )


def tagged(artifact: str, tag: str) -> VersionCondition:
    """A version, once it has the tag.

    Raises:
        ArgumentError: a name or tag that cannot be one.
    """
    return _condition("tagged", VersionCondition, artifact, None, tag=tag)


def metadata_logged(artifact: str, key: str) -> VersionCondition:
    """A version, once it has that metadata entry.

    Raises:
        ArgumentError: a name or key that cannot be one.
    """
    return _condition("metadata_logged", VersionCondition, artifact, {key: exists()})


def alias_moved(
    artifact: str,
    alias: str,
    *,
    where: Mapping[str, JsonValue | Predicate] | None = None,
    tag: str | None = None,
    by: str | None = None,
) -> AliasCondition:
    """Each move of an alias, also back to a version that it named before.

    Args:
        artifact: its name.
        alias: that moves.
        where: what the metadata of the version that it names then must satisfy.
        tag: a tag that this version must have.
        by: the pipeline that must have published this version.

    Raises:
        ArgumentError: a name, alias, tag or predicate that cannot be one.
    """
    return _condition("alias_moved", AliasCondition, artifact, where, alias=alias, tag=tag, by=by)


def _condition(
    call: str,
    kind: type[C],
    artifact: str,
    where: Mapping[str, JsonValue | Predicate] | None,
    **fields: object,
) -> C:
    try:
        return kind.model_validate(
            {"artifact": artifact, "where": conditions_of(where or {}), **fields}
        )
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise ArgumentError(call, f"{artifact!r}: {problem}", _NAMES) from error


def any_of(*conditions: EventCondition) -> AnyOf:
    """Any of these conditions.

    Raises:
        ArgumentError: there is none.
    """
    if not conditions:
        raise ArgumentError("any_of", "no condition", 'Give some: any_of(published("model"))')
    return AnyOf(conditions)


def all_of(*parts: EventCondition | AnyOf) -> AllOf:
    """All of these: the newest match of each since the last run, all handed over to it.

    Raises:
        ArgumentError: fewer than two, or two that are about the same artifact.
    """
    if len(parts) < 2:  # noqa: PLR2004 - with one there is nothing to join
        raise ArgumentError("all_of", "fewer than two parts", "Give two or more artifacts")
    named = [part if isinstance(part, AnyOf) else AnyOf((part,)) for part in parts]
    seen: set[str] = set()
    for part in named:
        names = {condition.artifact for condition in part.conditions}
        for name in sorted(names & seen):
            remedy = "Put both conditions into one published(...), or join other artifacts"
            raise ArgumentError("all_of", f"two parts are about {name!r}", remedy)
        seen |= names
    return AllOf(tuple(named))


def each() -> Grouping:
    """A run for each match."""
    return Grouping(by="each")


def batch(window: Duration, max: int = MAX_BATCH) -> Grouping:  # noqa: A002 - the word for it
    """A run for all matches of a while.

    Args:
        window: how long after the first of them it is closed.
        max: how many close it at once, 1 to 256.

    Raises:
        ArgumentError: a window or number that cannot be one.
    """
    seconds = seconds_of(window, setting="batch(window=)")
    try:
        return Grouping(by="batch", window=seconds, max=max)
    except ValidationError as error:
        remedy = f"Give 1 to {MAX_BATCH} matches"
        raise ArgumentError("batch", error.errors()[0]["msg"], remedy) from error


def newest() -> Grouping:
    """One run for all matches that are there when it starts, in the name of the newest.

    With `limit=1` those that come while a run lives start one run when it has ended.
    """
    return Grouping(by="newest")


def triggering(artifact: str, *, as_list: bool = False) -> Any:
    """The version whose event started the run, as an input of a step.

    Args:
        artifact: its name.
        as_list: all of them that did, in the order of their publication; the step takes a
            `list`. Otherwise the newest.

    Returns:
        A `LazyArtifactVersion`.

    Raises:
        ArgumentError: called outside a pipeline function, or the name cannot be one.
    """
    if not compiling():
        remedy = "In a step, get_step_context().trigger says which events started the run"
        raise ArgumentError("triggering", "there is no pipeline function around it", remedy)
    try:
        selector = TriggerSelector(take="all" if as_list else "newest")
        return lazy_artifact_version(Reference(artifact=artifact, selector=selector))
    except ValidationError as error:
        raise ArgumentError("triggering", error.errors()[0]["msg"], _NAMES) from error


def parts_of(triggers: Sequence[TriggerCondition]) -> tuple[tuple[EventCondition, ...], ...]:
    """The parts that must all have a match; a list of triggers is one `any_of`.

    Raises:
        ArgumentError: there are none, or an `all_of` stands beside others.
    """
    alternatives: list[EventCondition] = []
    for trigger in triggers:
        if isinstance(trigger, AllOf):
            if len(triggers) > 1:
                problem = "an all_of stands beside other triggers"
                remedy = "Deploy two pipelines, or subscribe twice with name="
                raise ArgumentError("triggers", problem, remedy)
            return tuple(part.conditions for part in trigger.parts)
        alternatives += trigger.conditions if isinstance(trigger, AnyOf) else (trigger,)
    if not alternatives:
        raise ArgumentError("triggers", "there are none", 'Give triggers=[published("model")]')
    return (tuple(alternatives),)


def check_options(pipeline: str, options: SubscriptionOptions) -> None:
    """Refuse options that no subscription has, and triggers that do not go together.

    Raises:
        DefinitionError: says which and what to write.
    """
    unknown = sorted(set(options) - set(SubscriptionOptions.__annotations__))
    if unknown:
        known = ", ".join(SubscriptionOptions.__annotations__)
        remedy = f"There are name, bind, on_failure, {known}"
        raise DefinitionError(pipeline, f"no option is named {unknown[0]!r}", remedy)
    if options and not options.get("triggers"):
        problem = f"{next(iter(options))}= stands without triggers="
        raise DefinitionError(pipeline, problem, 'Give triggers=[published("model")]')
    if options:
        try:
            parts_of(options.get("triggers", ()))
        except ArgumentError as error:
            raise DefinitionError(pipeline, error.problem, error.remedy) from error
