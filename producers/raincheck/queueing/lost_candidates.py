"""What a reference was chosen over, and how it was chosen, as of the revision of its binding."""

from collections.abc import Sequence
from datetime import UTC, datetime

from raincheck.index import Index
from raincheck.index.replies import BoundVersion
from raincheck_contracts._base import JsonValue, canonical_json
from raincheck_contracts.answers import LostCandidate
from raincheck_contracts.artifacts import ArtifactVersion, Binding
from raincheck_contracts.pointers import pointer_of
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReference
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

# Candidates that are named, and newer versions that are looked at for them.
_NAMED, _LOOKED_AT = 5, 100


def chosen_words(index: Index, reference: Reference, revision: int) -> str:
    """How a reference was answered, in words.

    Args:
        index: knows who moved an alias.
        reference: as written.
        revision: of the answer.
    """
    words = _words(reference.selector)
    if isinstance(reference.selector, AliasSelector):
        words += _moved(index, reference, reference.selector.alias, revision)
    if reference.take is not None:
        words = f"a list of {reference.take} of: {words}"
    return words if reference.as_of is None else f"{words}, as of {reference.as_of}"


def _words(selector: Selector) -> str:  # noqa: C901, PLR0911 - one for each
    match selector:
        case VersionSelector():
            return "the version of that name"
        case AliasSelector(alias=alias):
            return f"what {alias} named"
        case LatestSelector():
            return "the newest version"
        case NthSelector(back=back):
            return f"the version {back} before the newest"
        case BestSelector(metric=metric, mode=mode):
            return f"the {'least' if mode == 'min' else 'greatest'} {metric}"
        case TagSelector(tag=tag):
            return f"the newest with the tag {tag}"
        case WhereSelector():
            return "the newest that satisfies all conditions"
        case PipelineSelector(pipeline=pipeline):
            return f"the newest by the pipeline {pipeline}"
        case RunSelector(run=run):
            return f"the newest of the run {run}"
        case TriggerSelector():
            return "what started the run"
        case ModelSelector():
            return f"the newest that was linked to the model version {selector}"


def _moved(index: Index, reference: Reference, alias: str, revision: int) -> str:
    at = revision if reference.as_of is None else reference.as_of
    for move in index.aliases.history(reference.artifact, alias, 1_000):
        moved_at = datetime.fromtimestamp(move.at / 1000, UTC)
        if move.revision <= at if isinstance(at, int) else moved_at <= at:
            why = f", because: {move.why}" if move.why else ""
            return f", moved there by {move.by or 'somebody'} at revision {move.revision}{why}"
    return ""


def lost_candidates(
    index: Index, reference: Reference, bindings: Sequence[Binding]
) -> tuple[LostCandidate, ...]:
    """Versions that were there and were not chosen.

    Of the best those that come next, of other selectors the newer ones, which did not qualify.

    Args:
        index: is asked as of the revision of the bindings.
        reference: as written.
        bindings: what it became.
    """
    moment = reference.as_of if reference.as_of is not None else bindings[0].revision
    match reference.selector:
        case BestSelector(metric=metric):
            return _next_best(index, reference, moment, metric, bindings)
        case TagSelector() | WhereSelector() | PipelineSelector() | RunSelector():
            return _newer(index, reference, moment, bindings)
        case _:
            return ()


def _asked(index: Index, reference: Reference, **changes: object) -> list[BoundVersion]:
    changed = Reference.model_validate({**dict(reference), "pointer": None, **changes})
    answer = index.versions.resolve([changed]).answers[0]
    if isinstance(answer, MissingReference):
        return []
    return list(answer) if isinstance(answer, tuple) else [answer]


def _next_best(
    index: Index, reference: Reference, moment: object, metric: str, bindings: Sequence[Binding]
) -> tuple[LostCandidate, ...]:
    # A chosen version that was deleted since is no answer of then any more.
    chosen = {item.sequence for item in bindings}
    take = min(len(chosen) + _NAMED, _LOOKED_AT)
    found = _asked(index, reference, take=take, as_of=moment, pointer=pointer_of(metric))
    return tuple(
        LostCandidate(version=f"{one.artifact}@{one.version}", why=f"{metric} = {one.metadata}")
        for one in [one for one in found if one.sequence not in chosen][:_NAMED]
    )


def _newer(
    index: Index, reference: Reference, moment: object, bindings: Sequence[Binding]
) -> tuple[LostCandidate, ...]:
    newest = _asked(index, reference, selector=LatestSelector(), take=_LOOKED_AT, as_of=moment)
    chosen = {item.sequence for item in bindings}
    since = {one.sequence for one in _asked(index, reference, take=_LOOKED_AT, as_of=None)}
    lost: list[LostCandidate] = []
    for one in newest:
        if one.sequence <= min(chosen) or len(lost) == _NAMED:
            break
        version = index.records.version(one.artifact, one.version)
        if one.sequence not in chosen and version is not None:
            why = _disqualified(reference.selector, version)
            why += "; it qualifies since" if one.sequence in since else ""
            lost.append(LostCandidate(version=f"{one.artifact}@{one.version}", why=why))
    return tuple(lost)


def _disqualified(selector: Selector, version: ArtifactVersion) -> str:
    match selector:
        case TagSelector(tag=tag):
            return f"without the tag {tag}"
        case PipelineSelector() | RunSelector():
            by = f"the pipeline {version.pipeline}" if version.pipeline else "hand"
            run = f", run {version.record.run}" if version.record.run else ""
            return f"published by {by}{run}"
        case WhereSelector(conditions=conditions):
            return ", ".join(_value(version, condition) for condition in conditions)
        case _:
            return "it did not qualify"


def _value(version: ArtifactVersion, condition: Condition) -> str:
    if condition.key not in version.metadata:
        return f"no {condition.key}"
    value: JsonValue = version.metadata[condition.key]
    return f"{condition.key} = {canonical_json(value)}"
