"""Files and functions stay small, and names are the glossary's."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("contracts", "producers", "workers", "benchmarks", "examples")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".lua"}
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
_REFUSED = re.compile(
    r"(^|_)(jobs?|datasets?|assets?|flows?|handlers?|managers?|helpers?|utils?|common|core)(_|$)"
)


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=_id)
def test_no_file_is_too_long(path: Path) -> None:
    """300 lines a source file, 500 a test file: one concept fits."""
    limit = 500 if "tests" in path.parts else 300
    assert len(path.read_text().splitlines()) <= limit


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".py"], ids=_id)
def test_functions_fit_a_screen_and_names_are_ours(path: Path) -> None:
    """No function over 60 lines; no module, class or function named by a refused word."""
    names = [path.stem]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower())
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 60, node.name
    assert [name for name in names if _REFUSED.search(name)] == []
