"""The events of one attempt: START with its inputs, then COMPLETE, FAIL or ABORT.

Each is whole: the last repeats the inputs, so that a reader needs no other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    RunFacet,
    dataset_version_dataset,
    datasource_dataset,
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    schema_dataset,
)

from raincheck.index.entries import NewVersion
from raincheck_contracts.artifacts import Manifest, VersionRecord
from raincheck_contracts.lineage import BoundReference
from raincheck_contracts.runs import ErrorInfo
from raincheck_workers.telemetry.attempts import AttemptFacts
from raincheck_workers.telemetry.openlineage.columns import columns_of, rows_of
from raincheck_workers.telemetry.openlineage.facets import (
    AttemptFacet,
    BoundParameter,
    ReferencesFacet,
    VersionFacet,
)
from raincheck_workers.telemetry.openlineage.identity import (
    PRODUCER,
    attempt_uuid,
    run_uuid,
    versions_of,
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt with what it was bound to, as it was when it started."""

    facts: AttemptFacts
    references: tuple[BoundReference, ...] = ()
    records: tuple[tuple[str, str, VersionRecord], ...] = ()
    """Artifact, version and record of each version, once."""


def start(attempt: Attempt, at: float) -> RunEvent:
    """It starts.

    Args:
        attempt: which.
        at: seconds since the epoch.
    """
    return _event(attempt, RunState.START, at)


def complete(
    attempt: Attempt, at: float, outputs: Sequence[NewVersion], names: Mapping[str, str]
) -> RunEvent:
    """It has published versions."""
    namespace = attempt.facts.task.namespace
    found = [
        _output(namespace, names[one.output], one.record.manifest, one.record.digest)
        for one in outputs
    ]
    return _event(attempt, RunState.COMPLETE, at, outputs=found)


def fail(attempt: Attempt, at: float, error: ErrorInfo) -> RunEvent:
    """It has failed; the error is without the secrets of the settings already."""
    message = error_message_run.ErrorMessageRunFacet(
        message=f"{error.type}: {error.message}",
        programmingLanguage="python",
        stackTrace=error.traceback or None,
    )
    return _event(attempt, RunState.FAIL, at, errorMessage=message)


def abort(attempt: Attempt, at: float, why: str) -> RunEvent:
    """It was cancelled, or lost its step."""
    message = error_message_run.ErrorMessageRunFacet(message=why, programmingLanguage="python")
    return _event(attempt, RunState.ABORT, at, errorMessage=message)


def _event(
    attempt: Attempt,
    state: RunState,
    at: float,
    *,
    outputs: list[OutputDataset] | None = None,
    **facets: RunFacet,
) -> RunEvent:
    task, number = attempt.facts.task, attempt.facts.attempt
    run = attempt_uuid(task.namespace, task.run, task.step.name, number)
    return RunEvent(
        eventTime=datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        producer=PRODUCER,
        eventType=state,
        run=Run(runId=str(run), facets={**_run_facets(attempt.facts), **facets}),
        job=Job(
            namespace=task.namespace,
            name=f"{task.pipeline}.{task.step.name}",
            facets={
                "jobType": job_type_job.JobTypeJobFacet(
                    processingType="BATCH", integration="RAINCHECK", jobType="STEP"
                )
            },
        ),
        inputs=_inputs(attempt),
        outputs=outputs or [],
    )


def _run_facets(facts: AttemptFacts) -> dict[str, RunFacet]:
    task = facts.task
    run = str(run_uuid(task.namespace, task.run))
    return {
        "parent": parent_run.ParentRunFacet(
            run=parent_run.Run(runId=run),
            job=parent_run.Job(namespace=task.namespace, name=task.pipeline),
            root=parent_run.Root(
                run=parent_run.RootRun(runId=run),
                job=parent_run.RootJob(namespace=task.namespace, name=task.pipeline),
            ),
        ),
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            name="Raincheck",
            version=installed_version("raincheck"),
            openlineageAdapterVersion=installed_version("raincheck"),
        ),
        "raincheck_attempt": AttemptFacet(
            run=task.run,
            step=task.step.name,
            attempt=facts.attempt,
            function=task.step.function,
            revision=facts.revision,
        ),
    }


def _inputs(attempt: Attempt) -> list[InputDataset]:
    told: dict[str, list[BoundReference]] = defaultdict(list)
    for entry in attempt.references:
        told[f"{entry.artifact}@{entry.version}"].append(entry)
    namespace = attempt.facts.task.namespace
    return [
        InputDataset(
            namespace=versions_of(namespace),
            name=artifact,
            facets=_facets(namespace, version, record.manifest, record.digest),
            inputFacets={
                "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                    rowCount=rows_of(record.manifest.schema_), size=record.manifest.size
                ),
                "raincheck_references": ReferencesFacet(_parameters(told[f"{artifact}@{version}"])),
            },
        )
        for artifact, version, record in attempt.records
    ]


def _parameters(entries: Iterable[BoundReference]) -> list[BoundParameter]:
    return [
        BoundParameter(
            parameter=entry.parameter,
            place=entry.place,
            reference=entry.reference,
            pointer=entry.pointer,
            value=entry.value,
            valueLeftOut=entry.value_left_out or None,
        )
        for entry in entries
    ]


def _output(namespace: str, name: str, manifest: Manifest, digest: str) -> OutputDataset:
    artifact, _, version = name.partition("@")
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=rows_of(manifest.schema_), size=manifest.size
    )
    return OutputDataset(
        namespace=versions_of(namespace),
        name=artifact,
        facets=_facets(namespace, version, manifest, digest),
        outputFacets={"outputStatistics": statistics},
    )


def _facets(
    namespace: str, version: str, manifest: Manifest, digest: str
) -> dict[str, DatasetFacet]:
    home = versions_of(namespace)
    facets: dict[str, DatasetFacet] = {
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=version),
        "dataSource": datasource_dataset.DatasourceDatasetFacet(name=home, uri=home),
        "raincheck_version": VersionFacet(digest=digest, type=manifest.type, size=manifest.size),
    }
    columns = columns_of(manifest.schema_)
    if columns:
        fields = [schema_dataset.SchemaDatasetFacetFields(name=n, type=t) for n, t in columns]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(fields=fields)
    return facets
