"""A lineage as one HTML page that needs nothing else: no network, no other file, no script."""

from collections.abc import Iterable
from datetime import UTC, datetime
from graphlib import CycleError
from xml.etree.ElementTree import Element

from raincheck_contracts.lineage import Lineage, LineageEdge, LineageStep, LineageVersion
from raincheck_workers.cli.graph.lineage_graph import (
    edge_words,
    lineage_graph,
    origin_words,
    step_title,
    version_note,
)
from raincheck_workers.cli.graph.markup import element, source, written
from raincheck_workers.cli.graph.svg import svg_element
from raincheck_workers.cli.rendering.words import size, value

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LONGEST_VALUE = 2_000  # characters of one value
_TITLES = {"up": "what it came from", "down": "what came of it", "both": "before and after it"}


def lineage_page(lineage: Lineage) -> str:
    """The page: the graph, then each version and each step run in words."""
    title = f"{lineage.root}: {_TITLES[lineage.direction]}"
    document = element(
        "html",
        {"lang": "en"},
        _head(title),
        element(
            "body",
            {},
            _header(lineage, title),
            element(
                "main",
                {"class": "lineage"},
                _picture(lineage, title),
                _list("Versions", (_version(lineage, version) for version in lineage.versions)),
                _list("Steps", (_step(lineage, step) for step in lineage.steps)),
            ),
        ),
    )
    return f"<!doctype html>\n{written(document, 'html')}\n"


def _head(title: str) -> Element:
    styles = ("colours", "graph", "page", "lineage")
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", {}, title),
        *(element("style", {}, source(f"{name}.css")) for name in styles),
    )


def _header(lineage: Lineage, title: str) -> Element:
    facts = [f"{len(lineage.versions)} versions", f"{len(lineage.steps)} step runs"]
    if lineage.truncated:
        facts.append("there is more than is shown")
    spans = (element("span", {}, fact) for fact in facts)
    return element("header", {}, element("h1", {}, title), element("p", {"class": "quiet"}, *spans))


def _picture(lineage: Lineage, title: str) -> Element:
    try:
        drawn = svg_element(lineage_graph(lineage), title)
    except CycleError:  # nothing makes what it was made from; the lists still say what is kept
        drawn = element("p", {}, "The records go round in a circle: nothing is drawn.")
    scroll = element("div", {"class": "scroll", "tabindex": "0"}, drawn)
    return element("section", {"class": "picture", "aria-label": "Graph"}, scroll)


def _list(title: str, cards: Iterable[Element]) -> Element:
    heading = element("h2", {}, title)
    return element("section", {}, heading, element("div", {"class": "cards"}, *cards))


def _version(lineage: Lineage, version: LineageVersion) -> Element:
    rows = [("digest", version.digest or "")]
    if version.type and version.size is not None and version.published_at is not None:
        rows += [
            ("type", version.type),
            ("size", size(version.size)),
            ("published", _moment(version.published_at)),
            ("revision", str(version.revision)),
        ]
    rows += [("tags", ", ".join(version.tags))] if version.tags else []
    rows += [(key, value(item, _LONGEST_VALUE)) for key, item in version.metadata.items()]
    if version.metadata_left_out:
        rows.append(("", f"{version.metadata_left_out} larger values are left out"))
    if version.unlisted_users:
        rows.append(("", f"{version.unlisted_users} older steps that used it are not listed"))
    if version.deleted_at is not None:
        rows.append(("deleted", _moment(version.deleted_at)))
    used = [edge for edge in lineage.edges if edge.version == version.name]
    shown = [f"{edge.kind} by {edge.step}" for edge in used]
    root = " root" if version.name == lineage.root else ""
    return _card(f"version{root}", version.name, version_note(version), rows, shown)


def _step(lineage: Lineage, step: LineageStep) -> Element:
    rows = [("run", step.run)]
    if step.ended_at is not None:
        rows.append(("ended", _moment(step.ended_at)))
    if step.revision is not None:
        rows.append(("bound at revision", str(step.revision)))
    if words := origin_words(step):
        rows.append(("outputs", words))
    if not step.exact:
        rows.append(("", "of an earlier release: only the versions are known"))
    if step.left_out:
        rows.append(("", f"{step.left_out} more references were too many to be kept"))
    edges = [_edge(edge) for edge in lineage.edges if edge.step == step.key]
    return _card("step", step_title(step), "", rows, edges)


def _edge(edge: LineageEdge) -> str:
    words = edge_words(edge)
    arrow = {"bound": "bound", "produced": "made", "reused": "took"}[edge.kind]
    return f"{arrow} {edge.version}" + (f": {words}" if words else "")


def _card(
    kind: str, title: str, note: str, rows: list[tuple[str, str]], edges: list[str]
) -> Element:
    facts = [item for name, text in rows for item in (_cell("dt", name), _cell("dd", text))]
    items = (element("li", {}, text) for text in edges)
    return element(
        "article",
        {"class": f"card {kind}"},
        element("h3", {}, title),
        element("p", {"class": "quiet"}, note),
        element("dl", {}, *facts),
        element("ul", {}, *items),
    )


def _cell(tag: str, text: str) -> Element:
    return element(tag, {}, text)


def _moment(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
