"""A run as SVG."""

from collections import Counter
from itertools import pairwise
from xml.etree.ElementTree import Element

from raincheck_workers.cli.graph.layout.layout import (
    BOX_HEIGHT,
    BOX_WIDTH,
    Curve,
    Layout,
    Place,
    Point,
    lay_out,
)
from raincheck_workers.cli.graph.markup import element, source, written
from raincheck_workers.cli.graph.model import Arrow, Box, BoxKind, RunGraph
from raincheck_workers.cli.graph.text import shortened
from raincheck_workers.cli.rendering.words import one_line

_NAMESPACE = "http://www.w3.org/2000/svg"
_TITLE_CELLS, _NOTE_CELLS, _LABEL_CELLS = 22, 26, 30
_APART = 4  # arrows that end at one box with room for a label each


def svg_file(graph: RunGraph, title: str) -> str:
    """A file of its own: no fonts, styles or scripts from elsewhere.

    Args:
        graph: what is drawn.
        title: for whoever hears the picture.
    """
    picture = svg_element(graph, title)
    picture.insert(0, element("style", {}, source("colours.css"), source("graph.css")))
    return f"{written(picture, 'xml')}\n"


def svg_element(graph: RunGraph, title: str, *, linked: bool = False) -> Element:
    """The picture without its styles.

    Args:
        graph: what is drawn.
        title: for whoever hears the picture.
        linked: whether each step is a link to `#step-<name>` of the page around it.
    """
    layout = lay_out(graph)
    return element(
        "svg",
        {
            "xmlns": _NAMESPACE,
            "class": "graph",
            "viewBox": f"0 0 {layout.width:.6g} {layout.height:.6g}",
            "width": layout.width,
            "height": layout.height,
            # A picture is one thing to a screen reader, links are many.
            "role": None if linked else "img",
            "aria-label": title,
        },
        _arrow_heads(),
        *_arrows(layout),
        *(_box(box, layout.places[box.key], linked=linked) for box in graph.boxes),
    )


def _arrow_heads() -> Element:
    heads = [
        element(
            "marker",
            {
                "id": name,
                "class": name,
                "viewBox": "0 0 10 10",
                "refX": 9,
                "refY": 5,
                "markerWidth": 7,
                "markerHeight": 7,
                "orient": "auto",
            },
            element("path", {"d": "M0 1 10 5 0 9z"}),
        )
        for name in ("head", "head-waiting")
    ]
    return element("defs", {}, *heads)


def _arrows(layout: Layout) -> list[Element]:
    """All lines, then all labels: no line crosses a label."""
    lines = [
        element(
            "path",
            {
                "class": _arrow_class(curve.arrow),
                "d": _path(curve, downwards=layout.downwards),
                "marker-end": "url(#head-waiting)" if curve.arrow.waiting else "url(#head)",
            },
        )
        for curve in layout.curves
    ]
    anchors = _anchors(layout)
    labels = [
        _label(curve, anchors[curve.arrow], downwards=layout.downwards)
        for curve in layout.curves
        if curve.arrow.labels
    ]
    return lines + labels


def _arrow_class(arrow: Arrow) -> str:
    return "arrow waiting" if arrow.waiting else "arrow"


def _path(curve: Curve, *, downwards: bool) -> str:
    words = ["M{:.1f} {:.1f}".format(*curve.points[0])]
    for number, ((x1, y1), (x2, y2)) in enumerate(pairwise(curve.points)):
        if number % 2:  # through a column
            words.append(f"L{x2:.1f} {y2:.1f}")
        elif downwards:
            middle = (y1 + y2) / 2
            words.append(f"C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}")
        else:
            middle = (x1 + x2) / 2
            words.append(f"C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")
    return " ".join(words)


def _label(curve: Curve, anchor: str, *, downwards: bool) -> Element:
    x, y = _label_place(curve, anchor, downwards=downwards)
    words = ", ".join(curve.arrow.labels)
    return element(
        "text",
        {"class": "label" if downwards else f"label {anchor}", "x": x, "y": y},
        element("title", {}, one_line(words)),
        shortened(words, _LABEL_CELLS),
    )


def _label_place(curve: Curve, anchor: str, *, downwards: bool) -> Point:
    (x0, y0), ((x1, y1), (x2, y2)) = curve.points[0], curve.points[-2:]
    if anchor == "start":
        return (x0, y0 + 16) if downwards else (x0 + 8, y0 - 3)
    if anchor == "end":
        return (x2, y2 - 14) if downwards else (x2 - 12, y2 - 3)
    return (x1 + x2) / 2, (y1 + y2) / 2 + 4


def _anchors(layout: Layout) -> dict[Arrow, str]:
    """At which end of its arrow a label stands: that with few other arrows."""
    arrows = [curve.arrow for curve in layout.curves]
    coming = Counter(arrow.target for arrow in arrows)
    going = Counter(arrow.source for arrow in arrows)
    # Below each other there is room for more labels than beside each other.
    apart = 1 if layout.downwards else _APART

    def anchor(arrow: Arrow) -> str:
        if coming[arrow.target] <= apart:
            return "end"
        return "start" if going[arrow.source] == 1 else "middle"

    return {arrow: anchor(arrow) for arrow in arrows}


def _box(box: Box, place: Place, *, linked: bool) -> Element:
    step = box.kind is BoxKind.STEP
    link = linked and step
    return element(
        "a" if link else "g",
        {
            "class": f"box {box.kind} {box.state}",
            "transform": f"translate({place.x:.1f} {place.y:.1f})",
            "href": f"#step-{box.title}" if link else None,
        },
        element("title", {}, one_line(f"{box.title}: {box.note}")),
        element(
            "rect",
            {"width": BOX_WIDTH, "height": BOX_HEIGHT, "rx": 8 if step else BOX_HEIGHT / 2},
        ),
        element(
            "text",
            {"class": "name", "x": BOX_WIDTH / 2, "y": 20},
            shortened(box.title, _TITLE_CELLS),
        ),
        element(
            "text",
            {"class": "note", "x": BOX_WIDTH / 2, "y": 37},
            shortened(box.note, _NOTE_CELLS),
        ),
    )
