"""A lineage as it grows: each version, step run and edge once, up to a limit."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from raincheck.index.lineage_records import StepMade
from raincheck_contracts._base import JsonValue, canonical_json
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.deletions import Tombstone
from raincheck_contracts.lineage import (
    MAX_VALUE_BYTES,
    BoundReference,
    LineageEdge,
    LineageStep,
    LineageVersion,
)
from raincheck_contracts.version_text import split_version_text


@dataclass(slots=True)
class Graph:
    """What was found so far."""

    limit: int
    """Versions and step runs together."""
    versions: dict[str, LineageVersion] = field(default_factory=dict[str, LineageVersion])
    steps: dict[str, LineageStep] = field(default_factory=dict[str, LineageStep])
    edges: dict[str, LineageEdge] = field(default_factory=dict[str, LineageEdge])
    """By what they say, so that each is there once."""
    truncated: bool = False

    def room(self) -> int:
        """How many nodes may still come."""
        return self.limit - len(self.versions) - len(self.steps)

    def has_room(self) -> bool:
        """Whether one may; notes that it may not."""
        self.truncated = self.truncated or self.room() < 1
        return self.room() > 0

    def connect(self, edge: LineageEdge) -> None:
        """Add an edge."""
        self.edges.setdefault(edge.canonical_json(), edge)


def version_node(
    name: str, found: tuple[ArtifactVersion, int] | None, stone: Tombstone | None = None
) -> LineageVersion:
    """A version as lineage shows it; only its name when the index knows nothing of it.

    Args:
        name: `artifact@version`.
        found: the version, and how many users are no longer listed.
        stone: what stays of a deleted one.
    """
    artifact, version, namespace = split_version_text(name)
    if stone is not None:
        return LineageVersion(
            artifact=artifact,
            version=version,
            digest=stone.digest,
            revision=stone.revision,
            published_at=stone.published_at,
            unlisted_users=stone.unlisted_users,
            deleted_at=stone.deleted_at,
            deleted_by=stone.by,
        )
    if found is None:
        return LineageVersion(artifact=artifact, version=version, namespace=namespace)
    stored, unlisted = found
    metadata = {key: value for key, value in stored.metadata.items() if _small(value)}
    return LineageVersion(
        artifact=artifact,
        version=version,
        digest=stored.record.digest,
        type=stored.record.manifest.type,
        size=stored.record.manifest.size,
        revision=stored.revision,
        published_at=stored.published_at,
        tags=stored.tags,
        metadata=metadata,
        metadata_left_out=len(stored.metadata) - len(metadata),
        unlisted_users=unlisted,
        namespace=namespace,
    )


def _small(value: JsonValue) -> bool:
    return len(canonical_json(value).encode()) <= MAX_VALUE_BYTES


def step_node(key: str, made: StepMade | None, version: ArtifactVersion | None) -> LineageStep:
    """A step run as lineage shows it.

    Args:
        key: of the step run.
        made: what is kept of it.
        version: one that it made, which says what is known where nothing is kept.
    """
    member, _, _ = key.rpartition("@")
    run, _, step = member.partition("/")
    if made is not None:
        return LineageStep(
            key=key,
            run=run,
            step=step,
            pipeline=made.pipeline,
            ended_at=made.ended_at,
            revision=made.revision,
            exact=made.bound is not None,
            left_out=made.bound.left_out if made.bound else 0,
            cached_from=made.cached_from,
        )
    return LineageStep(
        key=key,
        run=run,
        step=step,
        pipeline=version.pipeline if version else None,
        ended_at=version.published_at if version else None,
        exact=version is not None and not version.record.inputs,
    )


def bound_edge(step: str, entry: BoundReference) -> LineageEdge:
    """What a reference of a step run was bound to."""
    return LineageEdge(
        kind="bound",
        version=entry.shown,
        step=step,
        parameter=entry.parameter,
        place=entry.place,
        reference=entry.reference,
        pointer=entry.pointer,
        value=entry.value,
        value_left_out=entry.value_left_out,
    )


def loaded_edges(step: str, made: StepMade | None) -> list[LineageEdge]:
    """The versions that a step run loaded by itself."""
    names = made.bound.loaded if made and made.bound else ()
    return [LineageEdge(kind="loaded", version=name, step=step) for name in names]


def maker_of(version: ArtifactVersion) -> str | None:
    """Key of the step run that made a version; None when that is not told here.

    It was published by hand, or in a fall-back, which tells it itself.
    """
    record = version.record
    if version.namespace is not None:
        return None
    if record.run is None or record.step is None:
        return None
    return f"{record.run}/{record.step}@{version.revision}"


def taken_from_cache(graph: Graph) -> Iterator[LineageEdge]:
    """The edges, marked where an output of an earlier step of a run was made by another run."""
    makers = {
        edge.version: _run_of(edge.step) for edge in graph.edges.values() if edge.kind == "produced"
    }
    for edge in graph.edges.values():
        run = _run_of(edge.step)
        if _binds_output(edge) and makers.get(edge.version, run) != run:
            yield edge.model_copy(update={"from_cache": True})
        else:
            yield edge


def _run_of(step: str) -> str:
    return step.partition("/")[0]


def _binds_output(edge: LineageEdge) -> bool:
    """Whether the reference is `step.output`: one to an artifact says which version is meant."""
    return edge.reference is not None and not set(edge.reference) & set(":@~?")
