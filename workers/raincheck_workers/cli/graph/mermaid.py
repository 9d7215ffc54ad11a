"""A run as a Mermaid flowchart."""

from collections.abc import Iterator

from raincheck_workers.cli.graph.model import Arrow, Box, BoxKind, RunGraph
from raincheck_workers.cli.rendering.words import one_line

_CLASSES = {
    "succeeded": "fill:#d9f2e0,stroke:#1a7f37,color:#0b3d1a",
    "failed": "fill:#ffdcd9,stroke:#cf222e,color:#6b0f16",
    "running": "fill:#d8ecff,stroke:#0969da,color:#0a3069",
    "waiting": "fill:#fff1c9,stroke:#9a6700,color:#4d3300",
    "cancelled": "fill:#f3e1fb,stroke:#8250df,color:#3d1a72",
    "missing": "fill:#fff8e6,stroke:#9a6700,color:#4d3300,stroke-dasharray:5 4",
    "open": "stroke-dasharray:2 3",
}


def mermaid(graph: RunGraph) -> str:
    """The flowchart; its last line ends."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: RunGraph) -> Iterator[str]:
    yield "flowchart LR"
    names = {box.key: f"n{i}" for i, box in enumerate(graph.boxes)}
    for box in graph.boxes:
        yield f"    {names[box.key]}{_shape(box)}{_class(box)}"
    for arrow in graph.arrows:
        yield f"    {names[arrow.source]} {_line(arrow)} {names[arrow.target]}"
    used = {str(box.state) for box in graph.boxes}
    for state, style in _CLASSES.items():
        if state in used:
            yield f"    classDef {state} {style}"


def _shape(box: Box) -> str:
    label = f'"{escaped(box.title)}<br/>{escaped(box.note)}"'
    return f"[{label}]" if box.kind is BoxKind.STEP else f"([{label}])"


def _class(box: Box) -> str:
    return f":::{box.state}" if str(box.state) in _CLASSES else ""


def _line(arrow: Arrow) -> str:
    line = "-.->" if arrow.waiting else "-->"
    if not arrow.labels:
        return line
    label = "<br/>".join(map(escaped, arrow.labels))
    return f'{line}|"{label}"|'


def escaped(text: str) -> str:
    """Text for a quoted label: what Mermaid, Markdown or HTML could read is a code.

    Mermaid writes character codes as `#35;`. Letters, digits and a few harmless signs stay.
    """
    return "".join(
        char if char.isalnum() or char in " .,:@?=_-+" else f"#{ord(char)};"
        for char in one_line(text)
    )
