"""A subscription as `define` stores it."""

from collections.abc import Mapping
from dataclasses import dataclass

from raincheck.index.connection import Argument
from raincheck.index.packing import FIELD, ITEM, pack_reference, pack_terms
from raincheck.index.submission import spec_arguments
from raincheck_contracts.pipelines import PipelineSpec
from raincheck_contracts.subscriptions import (
    AliasCondition,
    EventCondition,
    SubscriptionDefinition,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployable:
    """A subscription to deploy."""

    definition: SubscriptionDefinition
    digest: str
    """Of the definition's canonical JSON."""
    spec: PipelineSpec
    step_digests: Mapping[str, str]
    parameters: str
    """Raw JSON."""
    request_digest: str
    queue: str
    wait_ms: int

    def arguments(self) -> list[Argument]:
        """As `Subscriptions.define` of the Lua library reads it, from the definition on."""
        definition, group = self.definition, self.definition.group
        return [
            definition.canonical_json(),
            self.digest,
            " ".join(definition.artifacts),
            definition.pipeline,
            self.parameters,
            self.request_digest,
            self.queue,
            "" if definition.priority is None else definition.priority,
            self.wait_ms,
            self.spec.on_failure,
            group.by,
            round(group.window * 1000),
            group.max,
            definition.limit,
            definition.when_full,
            int(definition.feedback),
            definition.max_depth,
            pack_conditions(definition),
            ITEM.join(map(pack_reference, definition.requires)),
            definition.spec,
            *spec_arguments(self.spec, self.step_digests),
        ]


def pack_conditions(definition: SubscriptionDefinition) -> str:
    """The conditions as the fields of `19_conditions.lua`."""
    return ITEM.join(
        _pack_condition(slot, condition)
        for slot, part in enumerate(definition.all_of, 1)
        for condition in part
    )


def _pack_condition(slot: int, condition: EventCondition) -> str:
    alias = condition.alias if isinstance(condition, AliasCondition) else None
    return FIELD.join(
        (
            str(slot),
            "a" if alias is not None else "v",
            condition.artifact,
            alias or "",
            condition.tag or "",
            condition.by or "",
            str(int(condition.changed)),
            pack_terms(condition.where),
        )
    )
