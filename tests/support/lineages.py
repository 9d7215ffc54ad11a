"""Lineages as they would be read, for what only shows them."""

from typing import Any

from raincheck_contracts.lineage import Lineage, LineageEdge, LineageStep, LineageVersion
from tests.support.builders import digest

BEGAN = 1_700_000_000_000  # milliseconds since the epoch
LONG = "m" * 64
#: What a browser, a terminal or Mermaid could take for something else than text.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "]]></style></script><svg onload=alert(3)>",
    "javascript:alert(4)",
    "\u202eabc\u202c \u200fright to left\u200e \u2067x\u2069",
    "\U0001f327\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467 \u00ef \u65e5\u672c\u8a9e \ufdfd",
    "'quotes\" and \\backslashes\\n &amp; &lt;",
    "two\nlines\r\n\ttab\x00\x1b[31mred\x9b1m\x7f",
    "x" * 10_000,
)


def version(artifact: str, name: str | int = 1, **fields: Any) -> LineageVersion:
    """A version, of a float unless told otherwise."""
    usual: dict[str, Any] = {
        "artifact": artifact,
        "version": str(name),
        "digest": digest(artifact),
        "type": "builtins.float",
        "size": 3,
        "revision": 7,
        "published_at": BEGAN,
    }
    return LineageVersion(**{**usual, **fields})


def step(name: str, *, run: str = "r" * 32, pipeline: str = "p", **fields: Any) -> LineageStep:
    """A step run."""
    key = f"{run}/{name}@9"
    usual: dict[str, Any] = {"ended_at": BEGAN + 5_000, "revision": 8, "pipeline": pipeline}
    return LineageStep(key=key, run=run, step=name, **{**usual, **fields})


def bound(
    of: LineageVersion, by: LineageStep, parameter: str = "model", **fields: Any
) -> LineageEdge:
    """A version that a step run had bound."""
    usual: dict[str, Any] = {"reference": f"{of.artifact}:latest"}
    return LineageEdge(
        kind="bound", version=of.name, step=by.key, parameter=parameter, **{**usual, **fields}
    )


def made(by: LineageStep, what: LineageVersion, output: str = "output") -> LineageEdge:
    """A version that a step run made."""
    return LineageEdge(kind="produced", version=what.name, step=by.key, output=output)


def value_of(of: LineageVersion, by: LineageStep, parameter: str, value: Any) -> LineageEdge:
    """A metadata value that a step run got."""
    reference = f"{of.artifact}:latest#/note"
    return bound(of, by, parameter, reference=reference, pointer="/note", value=value)


def hostile_lineage(texts: tuple[str, ...] = HOSTILE) -> Lineage:
    """Names of full length, and texts wherever a lineage holds any."""
    source = version(LONG, "W" * 64, metadata={text[:128]: text for text in texts})
    gone = version("gone", digest=None, type=None, size=None, revision=None, published_at=None)
    result = version(
        LONG.replace("m", "w"), type="module." + texts[0], metadata={"all": list(texts)}
    )
    work = step("S" * 64, run="R" * 200, pipeline="M" * 64)
    edges = [value_of(source, work, text, text) for text in texts]
    return Lineage(
        root=result.name,
        direction="up",
        versions=(result, source, gone),
        steps=(work,),
        edges=(made(work, result, "O" * 64), *edges, bound(gone, work, "other")),
        truncated=True,
    )


def large_lineage(layers: int, width: int) -> Lineage:
    """Layers of steps, each of which binds two versions of the layer before.

    Args:
        layers: of steps.
        width: steps in a layer; each makes one version.
    """
    last = [version(f"source-{i}") for i in range(width)]
    versions, steps, edges = list(last), list[LineageStep](), list[LineageEdge]()
    for layer in range(layers):
        row = [version(f"table-{layer}-{i}", type="pandas.DataFrame") for i in range(width)]
        for i, one in enumerate(row):
            work = step(f"work_{layer}_{i}")
            steps.append(work)
            edges += [bound(last[j % width], work, f"given_{j}") for j in (i, i + 1)]
            edges.append(made(work, one))
        versions += row
        last = row
    return Lineage(
        root=last[0].name,
        direction="both",
        versions=tuple(reversed(versions)),
        steps=tuple(steps),
        edges=tuple(edges),
    )
