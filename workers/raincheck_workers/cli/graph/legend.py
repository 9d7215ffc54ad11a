"""What the shapes and colours of a picture mean: those that are in it."""

from collections.abc import Mapping
from types import MappingProxyType
from xml.etree.ElementTree import Element

from raincheck_workers.cli.graph.markup import element
from raincheck_workers.cli.graph.model import BoxKind, RunGraph, VersionState

Words = Mapping[tuple[BoxKind, str], str]

_RUN_WORDS: Words = MappingProxyType(
    {
        (BoxKind.VERSION, VersionState.KNOWN): "version, bound or published",
        (BoxKind.VERSION, VersionState.OPEN): "version, not bound or published yet",
        (BoxKind.VERSION, VersionState.MISSING): "version that a step waits for",
    }
)


def legend(graph: RunGraph, words: Words = _RUN_WORDS, marked: str = "") -> Element:
    """A list of signs, each with its meaning.

    Args:
        graph: what is drawn.
        words: by kind and state of a box; others are called by both.
        marked: what the marked box is.
    """
    signs = dict.fromkeys((box.kind, str(box.state)) for box in graph.boxes)
    items = [
        _item(f"sign {kind} {state}", words.get((kind, state), f"{kind} {state}"))
        for kind, state in sorted(signs)
    ]
    if marked:
        items.append(_item("sign version marked", marked))
    return element("ul", {"class": "legend", "aria-label": "What the signs mean"}, *items)


def _item(kind: str, words: str) -> Element:
    sign = element("i", {"class": kind, "aria-hidden": "true"})
    return element("li", {}, sign, words)
