"""Names under which nobody has published, be it an artifact or a model: perhaps a slip."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from raincheck.authoring.models import Model
from raincheck.deployment import Deployment
from raincheck.index import Index
from raincheck.near_names import did_you_mean, near_names
from raincheck_contracts.names import MODEL_PREFIX
from raincheck_contracts.pipelines import PipelineSpec, ReferenceInput, needs_of
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReason, MissingReference
from raincheck_contracts.selectors import ModelSelector

# Of who queues: logs are filtered by the name of that module.
_log = logging.getLogger("raincheck.queueing.enqueue")


@dataclass(frozen=True, slots=True)
class UnknownName:
    """What has no versions yet."""

    kind: Literal["artifact", "model"]
    name: str


def unknown_name(missing: MissingReference) -> UnknownName | None:
    """The artifact or model that has no versions yet; None when something else is missing."""
    if missing.reason not in {MissingReason.ARTIFACT_UNKNOWN, MissingReason.MODEL_UNKNOWN}:
        return None
    reference = parse_reference(missing.reference)
    if missing.reason is MissingReason.ARTIFACT_UNKNOWN:
        return UnknownName("artifact", reference.artifact)
    if isinstance(reference.selector, ModelSelector):
        return UnknownName("model", reference.selector.model)
    return UnknownName("model", reference.artifact.removeprefix(MODEL_PREFIX))


class NearNames:
    """Names that are like unknown ones.

    Args:
        index: is asked once for the names of each kind, when they are needed.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[str, Sequence[str]] = {}

    def to(self, missing: MissingReference) -> tuple[str, ...]:
        """At most three known names; none when artifact and model are known.

        Raises:
            IndexUnavailableError: the index does not answer.
        """
        unknown = unknown_name(missing)
        if unknown is None:
            return ()
        if unknown.kind not in self._known:
            names = {
                "artifact": self._index.overlay.artifact_names,
                "model": self._index.models.names,
            }
            self._known[unknown.kind] = names[unknown.kind]()
        return near_names(unknown.name, self._known[unknown.kind])


def warn_of_unknown(deployment: Deployment, spec: PipelineSpec) -> None:
    """Log what a pipeline waits for and nobody has published, with near names."""
    references = {str(reference): reference for reference in _waited_for(spec)}
    if not references:
        return
    resolution = deployment.index.versions.resolve(list(references.values()))
    near = NearNames(deployment.index)
    unknown = {unknown_name(missing): missing for missing in resolution.missing}
    for name, missing in unknown.items():
        if name is not None:
            _log.warning(
                "pipeline %s waits for %s %r, which has no versions yet%s%s",
                spec.name,
                name.kind,
                name.name,
                missing.where,
                did_you_mean(near.to(missing)),
                extra={
                    "action": f"{name.kind}_unknown",
                    name.kind: name.name,
                    "pipeline": spec.name,
                },
            )


def _waited_for(spec: PipelineSpec) -> Iterator[Reference]:
    model = spec.model
    if model is not None and model.take in {"latest", "stage"}:
        yield Model(model.name, stage=model.stage).reference
    for step in spec.steps:
        for need in needs_of(step):
            if isinstance(need, ReferenceInput):
                yield need.reference
