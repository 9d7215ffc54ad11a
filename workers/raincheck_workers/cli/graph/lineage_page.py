"""A lineage as one HTML page that needs nothing else: no network, no other file."""

from graphlib import CycleError
from types import MappingProxyType
from xml.etree.ElementTree import Element

from raincheck_contracts.lineage import Lineage
from raincheck_contracts.runs import StepState
from raincheck_workers.cli.graph.legend import Words, legend
from raincheck_workers.cli.graph.lineage_details import LineageDetails
from raincheck_workers.cli.graph.lineage_graph import lineage_graph, step_title, version_note
from raincheck_workers.cli.graph.markup import element
from raincheck_workers.cli.graph.model import BoxKind, RunGraph, VersionState
from raincheck_workers.cli.graph.shell import picture, whole_page
from raincheck_workers.cli.graph.svg import svg_element
from raincheck_workers.cli.rendering.words import moment

_TITLES = {"up": "what it came from", "down": "what came of it", "both": "before and after it"}
_WORDS: Words = MappingProxyType(
    {
        (BoxKind.STEP, StepState.SUCCEEDED): "step that ran, and when it ended",
        (BoxKind.VERSION, VersionState.KNOWN): "version",
        (BoxKind.VERSION, VersionState.MISSING): "version that is no longer there",
    }
)


def lineage_page(lineage: Lineage) -> str:
    """The page: the picture, a list of all versions and steps, each of them in detail."""
    title = f"{lineage.root}: {_TITLES[lineage.direction]}"
    details = LineageDetails(lineage)
    main = element(
        "main",
        {"class": "lineage"},
        _picture(lineage, title, details.links),
        element(
            "section",
            {"class": "times"},
            element("h2", {}, "Versions"),
            _table(("version", "what", "published"), _versions(lineage, details.links)),
            element("h2", {}, "Steps"),
            _table(("step", "run", "ended"), _steps(lineage, details.links)),
        ),
        element("aside", {"aria-label": "Details"}, element("div", {}, *details.sections())),
    )
    return whole_page(title, _header(lineage), main)


def _header(lineage: Lineage) -> Element:
    facts = [
        _TITLES[lineage.direction],
        _count(len(lineage.versions), "version"),
        _count(len(lineage.steps), "step run"),
    ]
    if lineage.truncated:
        facts.append("there is more than is shown: see --depth and --limit")
    return element(
        "header",
        {},
        element("h1", {}, lineage.root),
        element("p", {"class": "quiet"}, *(element("span", {}, fact) for fact in facts)),
    )


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _picture(lineage: Lineage, title: str, links: dict[str, str]) -> Element:
    graph = lineage_graph(lineage)
    try:
        drawn = svg_element(graph, title, links=links)
    except CycleError:  # nothing makes what it was made from; the lists still say what is kept
        drawn = element("p", {}, "The records go round in a circle: nothing is drawn.")
        return picture("Lineage", drawn, legend(RunGraph((), ())))
    return picture("Lineage", drawn, legend(graph, _WORDS, "the version that was asked for"))


Row = tuple[str, str, tuple[str, ...]]
"""What a row leads to, its first cell, the others."""


def _versions(lineage: Lineage, links: dict[str, str]) -> list[Row]:
    return [
        (
            links[one.name],
            one.name,
            (version_note(one), "" if one.published_at is None else moment(one.published_at)),
        )
        for one in lineage.versions
    ]


def _steps(lineage: Lineage, links: dict[str, str]) -> list[Row]:
    return [
        (
            links[one.key],
            step_title(one),
            (one.run, "" if one.ended_at is None else moment(one.ended_at)),
        )
        for one in lineage.steps
    ]


def _table(heads: tuple[str, ...], rows: list[Row]) -> Element:
    if not rows:
        return element("p", {"class": "quiet"}, "None.")
    head = element("tr", {}, *(element("th", {"scope": "col"}, name) for name in heads))
    lines = (
        element(
            "tr",
            {},
            element("td", {}, element("a", {"href": f"#{link}"}, first)),
            *(element("td", {}, text) for text in others),
        )
        for link, first, others in rows
    )
    return element("table", {}, element("thead", {}, head), element("tbody", {}, *lines))
