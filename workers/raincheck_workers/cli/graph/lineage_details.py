"""What the page of a lineage says of each version and each step run."""

from collections import defaultdict
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from raincheck_contracts.lineage import Lineage, LineageEdge, LineageStep, LineageVersion
from raincheck_workers.cli.graph.facts import facts
from raincheck_workers.cli.graph.lineage_graph import origin_words, step_title, version_note
from raincheck_workers.cli.graph.markup import element
from raincheck_workers.cli.rendering.words import moment, size, value

_LONGEST_VALUE = 2_000  # characters of one value


class LineageDetails:
    """The sections of a lineage's parts, which lead to each other."""

    def __init__(self, lineage: Lineage) -> None:
        self._lineage = lineage
        self._titles = {step.key: step_title(step) for step in lineage.steps}
        self._edges: dict[str, list[LineageEdge]] = defaultdict(list)
        for edge in lineage.edges:
            self._edges[edge.version].append(edge)
            self._edges[edge.step].append(edge)
        #: By version or key of a step run, the id of its section.
        self.links = {
            **{one.name: f"version-{i}" for i, one in enumerate(lineage.versions)},
            **{one.key: f"step-{i}" for i, one in enumerate(lineage.steps)},
        }

    def sections(self) -> Iterator[Element]:
        """One for each version and step run; that of the root is the one seen at first."""
        for version in self._lineage.versions:
            yield self._section(version.name, version.name, self._version(version))
        for step in self._lineage.steps:
            yield self._section(step.key, step_title(step), self._step(step))

    def _section(self, key: str, title: str, parts: Iterator[Element]) -> Element:
        shown = key == self._lineage.root
        return element(
            "section",
            {
                "class": "part shown" if shown else "part",
                "id": self.links[key],
                "tabindex": "-1",
            },
            element("h2", {}, title),
            *parts,
        )

    def _version(self, version: LineageVersion) -> Iterator[Element]:
        gone = version.digest is None or version.deleted_at is not None
        yield element("p", {"class": "reason missing" if gone else "quiet"}, version_note(version))
        edges = self._edges[version.name]
        yield from self._list(
            "Made by", [(self._link(e.step), e.output) for e in edges if e.kind == "produced"]
        )
        yield from self._list(
            "Used by",
            [(self._link(e.step), _place(e)) for e in edges if e.kind == "bound"],
            f"and {version.unlisted_users} older steps" if version.unlisted_users else "",
        )
        yield from self._list(
            "Taken from the cache by",
            [(self._link(e.step), e.output) for e in edges if e.kind == "reused"],
        )
        yield from self._list(
            "Loaded by", [(self._link(e.step), None) for e in edges if e.kind == "loaded"]
        )
        if version.metadata or version.metadata_left_out:
            yield element("h3", {}, "Metadata")
            yield facts(_metadata(version))
        if not gone:
            yield element("h3", {}, "Version")
            yield facts(_record(version))

    def _step(self, step: LineageStep) -> Iterator[Element]:
        yield element("p", {"class": "quiet"}, f"run {step.run}")
        if not step.exact:
            words = "It ran with an earlier release: only the versions are known that it had bound."
            yield element("p", {"class": "reason"}, words)
        edges = self._edges[step.key]
        bound = [edge for edge in edges if edge.kind == "bound"]
        if bound:
            yield element("h3", {}, "Inputs")
        for edge in bound:
            rows = facts(_bound(edge, self._link(edge.version)))
            named = [element("h4", {}, words)] if (words := _place(edge)) else []
            yield element("div", {"class": "item"}, *named, rows)
        if step.left_out:
            words = f"{step.left_out} more references were too many to be kept."
            yield element("p", {"class": "quiet"}, words)
        yield from self._list(
            "Loaded by itself",
            [(self._link(e.version), None) for e in edges if e.kind == "loaded"],
        )
        yield from self._list(
            "Outputs",
            [(self._link(e.version), e.output) for e in edges if e.kind == "produced"],
        )
        yield from self._list(
            "Outputs from the cache",
            [(self._link(e.version), e.output) for e in edges if e.kind == "reused"],
        )
        if words := origin_words(step):
            yield element("p", {"class": "quiet"}, words)
        yield element("h3", {}, "Times")
        ended = "" if step.ended_at is None else moment(step.ended_at)
        revision = "" if step.revision is None else str(step.revision)
        rows_of = [("ended", ended), ("bound at revision", revision)]
        yield facts((name, text) for name, text in rows_of if text)

    def _list(
        self, title: str, items: list[tuple[Element, str | None]], more: str = ""
    ) -> Iterator[Element]:
        if not items and not more:
            return
        lines = [
            element("li", {}, link, *([f" as {words}"] if words else [])) for link, words in items
        ]
        lines += [element("li", {"class": "quiet"}, more)] if more else []
        yield element("h3", {}, title)
        yield element("ul", {"class": "ends"}, *lines)

    def _link(self, key: str) -> Element:
        return element("a", {"href": f"#{self.links[key]}"}, self._titles.get(key, key))


def _place(edge: LineageEdge) -> str:
    """The parameter, and where within it."""
    return f"{edge.parameter or ''}{edge.place}"


def _bound(edge: LineageEdge, link: Element) -> Iterator[tuple[str, "str | Element"]]:
    if edge.reference is not None:
        yield "written", edge.reference
    yield "bound to", link
    if edge.from_cache:
        yield "output", "from the cache"
    if edge.value_left_out:
        yield "value", "too large to be kept here; see the version's metadata"
    elif edge.pointer is not None:
        yield "value", value(edge.value, _LONGEST_VALUE)


def _metadata(version: LineageVersion) -> Iterator[tuple[str, str]]:
    for key, item in version.metadata.items():
        yield key, value(item, _LONGEST_VALUE)
    if version.metadata_left_out:
        yield "", f"{version.metadata_left_out} larger values are left out"


def _record(version: LineageVersion) -> Iterator[tuple[str, str]]:
    if version.published_at is not None:
        yield "published", moment(version.published_at)
    if version.type and version.size is not None:
        yield "type", version.type
        yield "size", size(version.size)
    if version.tags:
        yield "tags", ", ".join(version.tags)
    yield "revision", str(version.revision or "")
    yield "digest", version.digest or ""
