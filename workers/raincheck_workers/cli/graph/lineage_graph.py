"""A lineage as a graph to be drawn, and what is said of its parts in words."""

from raincheck.messaging.descriptions import reused_words
from raincheck_contracts.deletions import deleted_words
from raincheck_contracts.lineage import Lineage, LineageEdge, LineageStep, LineageVersion
from raincheck_contracts.runs import StepState
from raincheck_workers.cli.graph.model import Arrow, Box, BoxKind, RunGraph, VersionState
from raincheck_workers.cli.rendering.words import short_type, size, value


def lineage_graph(lineage: Lineage) -> RunGraph:
    """The graph: what something was made from stands before it."""
    boxes = [
        *(_version(version) for version in lineage.versions),
        *(
            Box(
                key=step.key,
                kind=BoxKind.STEP,
                title=step_title(step),
                note=f"{step.run}, from the cache" if step.cached_from else step.run,
                state=StepState.SUCCEEDED,
            )
            for step in lineage.steps
        ),
    ]
    labels: dict[tuple[str, str], list[str]] = {}
    for edge in lineage.edges:
        # What was taken from the cache was there before: so nothing goes round in a circle.
        made = edge.kind == "produced"
        ends = (edge.step, edge.version) if made else (edge.version, edge.step)
        found = labels.setdefault(ends, [])
        if words := edge_words(edge):
            found.append(words)
    arrows = [Arrow(source=a, target=b, labels=tuple(words)) for (a, b), words in labels.items()]
    return RunGraph(tuple(boxes), tuple(arrows))


def _version(version: LineageVersion) -> Box:
    known = version.digest is not None and version.deleted_at is None
    return Box(
        key=version.name,
        kind=BoxKind.VERSION,
        title=version.name,
        note=version_note(version),
        state=VersionState.KNOWN if known else VersionState.MISSING,
    )


def version_note(version: LineageVersion) -> str:
    """Type and size in a few words, or that it was deleted."""
    if version.deleted_at is not None:
        return deleted_words(version.deleted_at, version.deleted_by)
    if version.type is None or version.size is None:
        return "no longer there"
    return f"{short_type(version.type)}, {size(version.size)}"


def origin_words(step: LineageStep) -> str:
    """Who computed what the step took from the cache; empty when it computed itself."""
    return "" if step.cached_from is None else reused_words(step.cached_from)


def step_title(step: LineageStep) -> str:
    """Pipeline and step."""
    return f"{step.pipeline}.{step.step}" if step.pipeline else step.step


def edge_words(edge: LineageEdge) -> str:
    """How a version was bound, or as which output it was made; empty when that is not known."""
    if edge.kind == "produced":
        return edge.output or ""
    if edge.kind == "reused":
        return f"{edge.output}, from the cache"
    if edge.parameter is None:
        return ""
    words = f"{edge.parameter}{edge.place} = {edge.reference}"
    if edge.from_cache:
        return f"{words}, from the cache"
    if edge.value_left_out:
        return f"{words} is too large to be shown"
    return words if edge.pointer is None else f"{words} is {value(edge.value)}"
