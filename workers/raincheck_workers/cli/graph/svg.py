"""A run as SVG."""

from collections import Counter
from collections.abc import Mapping
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
from raincheck_workers.cli.graph.text import fitted, shortened, text_width
from raincheck_workers.cli.rendering.words import one_line

_NAMESPACE = "http://www.w3.org/2000/svg"
_LABEL_CELLS = 30
_TEXT_WIDTH = BOX_WIDTH - 20
_LINE = 11.0  # pixels from the top of a label to its ground line
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


def svg_element(graph: RunGraph, title: str, *, links: Mapping[str, str] | None = None) -> Element:
    """The picture without its styles.

    Args:
        graph: what is drawn.
        title: for whoever hears the picture.
        links: by the key of a box, what it leads to in the page around it.

    Raises:
        graphlib.CycleError: the arrows go round in a circle.
    """
    layout = lay_out(graph)
    numbers = {box.key: number for number, box in enumerate(graph.boxes)}
    found = links or {}
    return element(
        "svg",
        {
            "xmlns": _NAMESPACE,
            "class": "graph",
            "viewBox": f"0 0 {layout.width:.6g} {layout.height:.6g}",
            "width": layout.width,
            "height": layout.height,
            # A picture is one thing to a screen reader, links are many.
            "role": None if links else "img",
            "aria-label": title,
        },
        _definitions(),
        *_arrows(layout, numbers),
        *(
            _box(box, layout.places[box.key], number, found.get(box.key))
            for number, box in enumerate(graph.boxes)
        ),
    )


def _definitions() -> Element:
    """Heads of arrows, and what no text gets out of."""
    heads = [
        element(
            "marker",
            {
                "id": name,
                "class": name,
                "viewBox": "0 0 10 10",
                "refX": 9,
                "refY": 5,
                "markerWidth": 8.4,
                "markerHeight": 8.4,
                "markerUnits": "userSpaceOnUse",
                "orient": "auto",
            },
            element("path", {"d": "M0 1 10 5 0 9z"}),
        )
        for name in ("head", "head-waiting")
    ]
    inside = element("rect", {"width": BOX_WIDTH, "height": BOX_HEIGHT, "rx": BOX_HEIGHT / 2})
    return element("defs", {}, *heads, element("clipPath", {"id": "inside"}, inside))


def _arrows(layout: Layout, numbers: Mapping[str, int]) -> list[Element]:
    """All lines, then all labels: no line crosses a label."""
    lines = [
        element(
            "path",
            {
                "class": "arrow waiting" if curve.arrow.waiting else "arrow",
                "d": _path(curve, downwards=layout.downwards),
                "data-ends": f"{numbers[curve.arrow.source]} {numbers[curve.arrow.target]}",
                "marker-end": "url(#head-waiting)" if curve.arrow.waiting else "url(#head)",
            },
            *_tip(curve.arrow),
        )
        for curve in layout.curves
    ]
    return lines + _labels(layout)


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


def _labels(layout: Layout) -> list[Element]:
    """Each where it covers no other; where that is nowhere, the tip of its arrow has it."""
    anchors, taken = _anchors(layout), list[_Area]()
    labels: list[Element] = []
    for curve in layout.curves:
        if not curve.arrow.label:
            continue
        text = shortened(curve.arrow.label, _LABEL_CELLS)
        for anchor in dict.fromkeys((anchors[curve.arrow], "end", "middle", "start")):
            x, y = _label_place(curve, anchor, downwards=layout.downwards)
            aligned = "middle" if layout.downwards else anchor
            area = _area(x, y, text_width(text), aligned)
            if not any(_meet(area, other) for other in taken):
                taken.append(area)
                labels.append(_label(curve.arrow, aligned, (x, y), text))
                break
    return labels


def _tip(arrow: Arrow) -> list[Element]:
    words = one_line(", ".join(arrow.labels))
    return [element("title", {}, words)] if words else []


_Area = tuple[float, float, float, float]
"""Left, top, right and bottom."""
_SHARES = {"start": 0.0, "middle": 0.5, "end": 1.0}


def _area(x: float, y: float, width: float, aligned: str) -> _Area:
    left = x - width * _SHARES[aligned]
    return left, y - _LINE, left + width, y


def _meet(one: _Area, other: _Area) -> bool:
    beside = one[2] <= other[0] or other[2] <= one[0]
    return not (beside or one[3] <= other[1] or other[3] <= one[1])


def _label(arrow: Arrow, aligned: str, place: Point, text: str) -> Element:
    return element(
        "text",
        {
            "class": "label" if aligned == "middle" else f"label {aligned}",
            "x": place[0],
            "y": place[1],
        },
        *_tip(arrow),
        text,
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


def _box(box: Box, place: Place, number: int, link: str | None) -> Element:
    step = box.kind is BoxKind.STEP
    title = fitted(box.title, _TEXT_WIDTH, 13 if step else 12, bold=step)
    return element(
        "a" if link else "g",
        {
            "class": f"box {box.kind} {box.state}{' marked' if box.marked else ''}",
            "transform": f"translate({place.x:.1f} {place.y:.1f})",
            "data-box": number,
            "href": f"#{link}" if link else None,
        },
        element("title", {}, one_line(f"{box.title}: {box.note}")),
        element(
            "rect",
            {"width": BOX_WIDTH, "height": BOX_HEIGHT, "rx": 8 if step else BOX_HEIGHT / 2},
        ),
        _inside("name", 20, title),
        _inside("note", 37, fitted(box.note, _TEXT_WIDTH, 11)),
    )


def _inside(kind: str, y: float, text: str) -> Element:
    """A line of text that does not get out of its box, whatever its characters."""
    return element(
        "text", {"class": kind, "x": BOX_WIDTH / 2, "y": y, "clip-path": "url(#inside)"}, text
    )
