"""Names and texts in two columns."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from raincheck_workers.cli.graph.markup import element


def facts(rows: Iterable[tuple[str, "str | Element"]]) -> Element:
    """A list of names, each with its text or a link."""
    pairs = (
        item for name, text in rows for item in (element("dt", {}, name), element("dd", {}, text))
    )
    return element("dl", {}, *pairs)
