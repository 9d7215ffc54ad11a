"""Elements of SVG and HTML. Text is always data: it is escaped when it is written."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Literal
from xml.etree.ElementTree import Element, tostring

from raincheck_workers.cli.graph.text import clean

Attributes = Mapping[str, str | float | None]


def element(tag: str, attributes: Attributes, *content: "Element | str") -> Element:
    """An element.

    Args:
        tag: its name.
        attributes: those that are None are left out; numbers are written short.
        content: elements and texts, in order.
    """
    made = Element(
        tag, {name: _written(value) for name, value in attributes.items() if value is not None}
    )
    last: Element | None = None
    for item in content:
        if isinstance(item, Element):
            made.append(item)
            last = item
        elif last is None:
            made.text = (made.text or "") + clean(item)
        else:
            last.tail = (last.tail or "") + clean(item)
    return made


def _written(value: str | float | None) -> str:
    return clean(value) if isinstance(value, str) else f"{value:.6g}"


def written(root: Element, method: Literal["xml", "html"]) -> str:
    """An element with all that it holds."""
    return tostring(root, encoding="unicode", method=method)


def source(name: str) -> str:
    """A style sheet or script that lies beside this file."""
    return (files("raincheck_workers.cli.graph") / name).read_text(encoding="utf-8")
