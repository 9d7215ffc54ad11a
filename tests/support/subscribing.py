"""Builds subscriptions, and looks at the runs that they start."""

from dataclasses import replace
from typing import Any

from raincheck.index import Index
from raincheck.index.connection import text
from raincheck.index.deployable import Deployable
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.subscriptions import (
    AliasCondition,
    EventCondition,
    Grouping,
    SubscriptionDefinition,
    VersionCondition,
)
from tests.support.builders import HOUR, digest, pipeline, step
from tests.support.dumps import ask, key

#: A pipeline that takes nothing.
PLAIN = pipeline(step("a"))
EACH = Grouping()
NEWEST = Grouping(by="newest")


def batch(window: float = 60.0, most: int = 256) -> Grouping:
    """Batches of so many matches, or of so many seconds."""
    return Grouping(by="batch", window=window, max=most)


def version_of(artifact: str = "model", **conditions: Any) -> VersionCondition:
    """A version of the artifact."""
    return VersionCondition(artifact=artifact, **conditions)


def alias_of(artifact: str = "model", alias: str = "prod", **conditions: Any) -> AliasCondition:
    """A move of the alias."""
    return AliasCondition(artifact=artifact, alias=alias, **conditions)


def deployable(
    name: str = "sub",
    *all_of: EventCondition | tuple[EventCondition, ...],
    spec: PipelineSpec = PLAIN,
    **options: Any,
) -> Deployable:
    """A subscription; by default to each version of `model`.

    Args:
        name: of it.
        all_of: its parts, each a condition or several of which one is enough.
        spec: what it starts.
        options: of the definition.
    """
    parts = all_of or (version_of(),)
    definition = SubscriptionDefinition(
        name=name,
        pipeline=spec.name,
        function=spec.function,
        spec=digest(spec.canonical_json()),
        all_of=tuple(part if isinstance(part, tuple) else (part,) for part in parts),
        **options,
    )
    return Deployable(
        definition=definition,
        digest=digest(definition.canonical_json()),
        spec=spec,
        step_digests={item.name: digest(item.canonical_json()) for item in spec.steps},
        parameters="{}",
        request_digest=digest(spec.canonical_json()),
        queue="raincheck",
        wait_ms=HOUR,
    )


def subscribe(index: Index, name: str = "sub", *all_of: Any, **options: Any) -> Deployable:
    """Deploy a subscription that is not there yet."""
    made = deployable(name, *all_of, **options)
    assert index.subscriptions.define(made, expected=0) == ("NEW", 1)
    return made


def redefine(index: Index, made: Deployable, **changes: Any) -> None:
    """Deploy it again, changed."""
    definition = made.definition.model_copy(update=changes)
    changed = replace(made, definition=definition, digest=digest(definition.canonical_json()))
    version = index.subscriptions.read(definition.name).version
    index.subscriptions.define(changed, expected=version)


def advance(index: Index, most: int = 1_000) -> None:
    """Let the subscriptions look at all that there is."""
    for _ in range(most):
        if not index.runs.wake()[1]:
            return
    raise AssertionError("there is always more to look at")


def started(index: Index, name: str = "sub") -> list[str]:
    """The runs that a subscription has started, in their order, without its name."""
    runs = {text(item) for item in ask(index, "ZRANGE", key(index, "runs:live"), 0, -1)}
    runs |= {text(item) for item in ask(index, "ZRANGE", key(index, "runs:done"), 0, -1)}
    own = [run for run in runs if run.startswith(f"{name}+")]
    found = {run: index.records.run(run) for run in own}
    order = sorted(own, key=lambda run: _last_event(found[run].trigger))
    return [run.partition("+")[2] for run in order]


def _last_event(trigger: Any) -> tuple[int, int]:
    revision, _, place = max((item.event for item in trigger.events), key=_place).partition("-")
    return int(revision), int(place)


def _place(event: str) -> tuple[int, int]:
    revision, _, place = event.partition("-")
    return int(revision), int(place)


def handed(index: Index, run: str) -> list[str]:
    """The versions that started a run, in their order."""
    trigger = index.records.run(run).trigger
    assert trigger is not None
    return [f"{item.artifact}@{item.version}" for item in trigger.events]
