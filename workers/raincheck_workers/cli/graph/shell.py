"""What our pages have in common. Each is one file: no network, no other file."""

import base64
import hashlib
from xml.etree.ElementTree import Element

from raincheck_workers.cli.graph.markup import element, source, written

_STYLES = ("colours", "graph", "page", "legend", "lineage")
_ZOOMS = (
    ("out", "Smaller", "\N{MINUS SIGN}"),
    ("in", "Larger", "+"),
    ("fit", "As wide as the window", "Fit"),
)


def whole_page(title: str, *body: Element) -> str:
    """A page with our styles and our script, and a policy that lets nothing else run or load."""
    document = element(
        "html",
        {"lang": "en"},
        _head(title),
        element("body", {}, *body, element("script", {}, source("page.js"))),
    )
    return f"<!doctype html>\n{written(document, 'html')}\n"


def _head(title: str) -> Element:
    digest = base64.b64encode(hashlib.sha256(source("page.js").encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", {}, title),
        *(element("style", {}, source(f"{name}.css")) for name in _STYLES),
    )


def picture(heading: str, drawn: Element, legend: Element) -> Element:
    """A picture that scrolls and can be made larger, with what its signs mean.

    Args:
        heading: above it.
        drawn: the picture.
        legend: below it.
    """
    buttons = [
        element(
            "button",
            {"type": "button", "data-zoom": zoom, "title": title, "aria-label": title},
            sign,
        )
        for zoom, title, sign in _ZOOMS
    ]
    bar = element(
        "div",
        {"class": "bar"},
        element("h2", {}, heading),
        element("div", {"class": "zoom"}, *buttons),
    )
    # A scrolling region must be reachable by keyboard.
    scroll = element("div", {"class": "scroll", "tabindex": "0"}, drawn)
    return element("section", {"class": "picture", "aria-label": "Graph"}, bar, scroll, legend)
