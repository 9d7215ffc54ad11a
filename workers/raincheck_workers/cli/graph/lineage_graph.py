"""A lineage as a graph to be drawn, and what is said of its parts in words."""

from raincheck.messaging.descriptions import reused_words
from raincheck_contracts.deletions import deleted_words
from raincheck_contracts.lineage import Lineage, LineageEdge, LineageStep, LineageVersion
from raincheck_contracts.runs import StepState
from raincheck_workers.cli.graph.model import Arrow, Box, BoxKind, RunGraph, VersionState
from raincheck_workers.cli.rendering.words import moment, short_type, size, value


def lineage_graph(lineage: Lineage) -> RunGraph:
    """The graph: what something was made from stands before it."""
    boxes = [
        *(_version(version, lineage.root) for version in lineage.versions),
        *(_step(step) for step in lineage.steps),
    ]
    edges: dict[tuple[str, str], list[LineageEdge]] = {}
    for edge in lineage.edges:
        # What was taken from the cache was there before: so nothing goes round in a circle.
        made = edge.kind == "produced"
        ends = (edge.step, edge.version) if made else (edge.version, edge.step)
        edges.setdefault(ends, []).append(edge)
    arrows = (
        Arrow(
            source=source,
            target=target,
            labels=tuple(words for edge in found if (words := edge_words(edge))),
            brief=", ".join(words for edge in found if (words := _brief(edge))),
        )
        for (source, target), found in edges.items()
    )
    return RunGraph(tuple(boxes), tuple(arrows))


def _version(version: LineageVersion, root: str) -> Box:
    known = version.digest is not None and version.deleted_at is None
    return Box(
        key=version.name,
        kind=BoxKind.VERSION,
        title=version.name,
        note=version_note(version),
        state=VersionState.KNOWN if known else VersionState.MISSING,
        marked=version.name == root,
    )


def _step(step: LineageStep) -> Box:
    ended = "" if step.ended_at is None else moment(step.ended_at)
    return Box(
        key=step.key,
        kind=BoxKind.STEP,
        title=step_title(step),
        note=_from_cache(ended or step.run) if step.cached_from else ended or step.run,
        state=StepState.SUCCEEDED,
    )


def _from_cache(words: str) -> str:
    return f"{words}, from the cache"


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
    if edge.kind != "bound":
        return _from_cache(edge.output or "") if edge.kind == "reused" else "loaded by itself"
    if edge.parameter is None:
        return ""
    words = f"{edge.parameter}{edge.place} = {edge.reference}"
    if edge.from_cache:
        return _from_cache(words)
    if edge.value_left_out:
        return f"{words} is too large to be shown"
    return words if edge.pointer is None else f"{words} is {value(edge.value)}"


def _brief(edge: LineageEdge) -> str:
    """The parameter, and the value that it got; an output unless it is named as its artifact."""
    if edge.kind == "produced":
        return "" if edge.output == edge.version.partition("@")[0] else edge.output or ""
    if edge.kind == "reused":
        return "from the cache"
    if edge.kind == "loaded":
        return "loaded by itself"
    if edge.parameter is None:
        return ""
    words = f"{edge.parameter}{edge.place}"
    if edge.pointer is None or edge.value_left_out:
        return words
    return f"{words} = {value(edge.value)}"
