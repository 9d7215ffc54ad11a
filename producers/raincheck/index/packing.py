"""References as the Lua functions read them; the form is told in `02_references.lua`."""

from collections.abc import Iterable
from datetime import datetime

from raincheck_contracts._base import canonical_json
from raincheck_contracts.deletions import VersionDeleted
from raincheck_contracts.models import ModelChoice, RunModel
from raincheck_contracts.pipelines import (
    OutputInput,
    PipelineSpec,
    ReferenceInput,
    needs_of,
)
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReason, MissingReference
from raincheck_contracts.selectors import (
    AliasSelector,
    BestSelector,
    Condition,
    LatestSelector,
    ModelSelector,
    NthSelector,
    PipelineSelector,
    RunSelector,
    Selector,
    TagSelector,
    TriggerSelector,
    VersionSelector,
    WhereSelector,
)
from raincheck_contracts.subscriptions import TriggeringEvent

FIELD, ITEM, TERM, PART = "\x1f", "\x1e", "\x1d", "\x1c"


def _selector(selector: Selector) -> tuple[str, str, str]:  # noqa: C901, PLR0911 - one for each
    match selector:
        case VersionSelector():
            return "v", selector.version, ""
        case AliasSelector():
            return "a", selector.alias, ""
        case LatestSelector():
            return "l", "", ""
        case BestSelector():
            return "b", selector.metric, selector.mode
        case TagSelector():
            return "t", selector.tag, ""
        case WhereSelector():
            return "w", pack_terms(selector.conditions), ""
        case NthSelector():
            return "n", str(selector.back), ""
        case PipelineSelector():
            return "p", selector.pipeline, ""
        case RunSelector():
            return "r", selector.run, ""
        case TriggerSelector():
            return "g", "all" if selector.take == "all" else "one", ""
        case ModelSelector():
            return "m", selector.model, _model_version(selector)


def _model_version(selector: ModelSelector) -> str:
    """The kind of selector of the model's version, and its argument."""
    if selector.version is not None:
        return "v" + selector.version
    if selector.stage is not None:
        return "a" + selector.stage
    return "l" if selector.back is None else f"n{selector.back}"


def pack_terms(conditions: Iterable[Condition]) -> str:
    """Predicates over metadata, as `References.holds` reads them."""
    terms = (PART.join((item.key, item.op, canonical_json(item.value))) for item in conditions)
    return TERM.join(terms)


def pack_reference(reference: Reference) -> str:
    """One reference as the fields of `02_references.lua`."""
    kind, argument, second = _selector(reference.selector)
    tokens = reference.pointer_tokens
    wait = "" if reference.wait is None else str(round(reference.wait * 1000))
    key = tokens[0] if tokens else ""
    take = "" if reference.take is None else str(reference.take)
    fields = (str(reference), reference.artifact, kind, argument, second, key, wait)
    return FIELD.join((*fields, _moment(reference.as_of), take))


def _moment(moment: int | datetime | None) -> str:
    if moment is None:
        return ""
    if isinstance(moment, int):
        return f"r{moment}"
    return f"t{round(moment.timestamp() * 1000)}"


def written(need: ReferenceInput | OutputInput) -> str:
    """How a need is shown to people: a reference's string form, or `step.output`."""
    if isinstance(need, ReferenceInput):
        return str(need.reference)
    return f"{need.step}.{need.output}"


def pack_needs(needs: Iterable[ReferenceInput | OutputInput]) -> str:
    """What a step needs, in the order of `needs_of`."""
    return ITEM.join(
        pack_reference(need.reference)
        if isinstance(need, ReferenceInput)
        else FIELD.join((written(need), "", "o", need.step, need.output, "", ""))
        for need in needs
    )


def pack_run_scope(spec: PipelineSpec) -> str:
    """All references of a run-scoped pipeline, each once; empty in step scope."""
    if spec.bind != "run":
        return ""
    packed: dict[str, None] = {}
    for step in spec.steps:
        for need in needs_of(step):
            if isinstance(need, ReferenceInput):
                packed[pack_reference(need.reference)] = None
    return ITEM.join(packed)


_MODEL_KINDS = {"new": "+", "named": "c", "latest": "l", "stage": "a"}


def pack_model(choice: ModelChoice) -> str:
    """The model of a run as the fields of `04_models.lua`, its version not fixed yet."""
    argument = choice.version or choice.stage or ""
    return FIELD.join((choice.name, _MODEL_KINDS[choice.take], argument, ""))


def unpack_model(packed: str) -> RunModel | None:
    """The model of a run, in either of the forms that `04_models.lua` tells."""
    if not packed:
        return None
    name, *_, version = packed.split(FIELD)
    return RunModel(name=name, version=version or None)


def unpack_missing(packed: str) -> tuple[MissingReference, ...]:
    """The misses of a parked or failed step."""
    items = [item.split(FIELD) for item in packed.split(ITEM) if item]
    return tuple(
        MissingReference(
            reference=reference,
            reason=MissingReason(reason),
            deadline=int(deadline),
            deleted=unpack_deleted(*more[:1]),
            namespaces=tuple(more[1].split()) if more[1:] else (),
        )
        for reference, reason, deadline, *more in items
    )


def unpack_deleted(detail: str = "") -> VersionDeleted | None:
    """The detail of a miss: that the version was deleted; None without one."""
    if not detail:
        return None
    at, version, by = detail.split(" ", 2)
    return VersionDeleted(version=version, at=int(at), by=by)


def unpack_trigger(packed: str) -> tuple[TriggeringEvent, ...]:
    """The events that started a run, as `20_matches.lua` packs them."""
    items = [item.split(FIELD) for item in packed.split(ITEM) if item]
    return tuple(
        TriggeringEvent.model_validate(
            {"event": event, "kind": kind, "artifact": artifact, "version": version}
        )
        for event, kind, artifact, version, *_ in items
    )


def unpack_counts(packed: str) -> tuple[int, ...]:
    """For how many versions each of a step's needs stands."""
    return tuple(int(count) for count in packed.split(",")) if packed else ()


def bound_name(reference: Reference, place: int) -> str:
    """How a binding is shown: as its reference is written, with its place when it is a list."""
    return f"{reference}[{place}]" if reference.listed else str(reference)
