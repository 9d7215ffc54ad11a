"""Advice to who queues a run that waits for what nobody has published."""

import logging

from raincheck.deployment import Deployment
from raincheck.near_names import did_you_mean, near_names
from raincheck_contracts.pipelines import PipelineSpec, ReferenceInput, needs_of
from raincheck_contracts.runs import MissingReason

# Of who queues: logs are filtered by the name of that module.
_log = logging.getLogger("raincheck.queueing.enqueue")


def warn_of_unknown(deployment: Deployment, spec: PipelineSpec) -> None:
    """Log references to artifacts that nobody has published, with near names."""
    references = {
        str(need.reference): need.reference
        for step in spec.steps
        for need in needs_of(step)
        if isinstance(need, ReferenceInput)
    }
    if not references:
        return
    resolution = deployment.index.versions.resolve(list(references.values()))
    unknown = {
        references[missing.reference].artifact: missing.where
        for missing in resolution.missing
        if missing.reason is MissingReason.ARTIFACT_UNKNOWN
    }
    known = deployment.index.overlay.artifact_names() if unknown else []
    for name, where in sorted(unknown.items()):
        _log.warning(
            "pipeline %s waits for artifact %r, which has no versions yet%s%s",
            spec.name,
            name,
            where,
            did_you_mean(near_names(name, known)),
            extra={"action": "artifact_unknown", "artifact": name, "pipeline": spec.name},
        )
