"""`raincheck lineage` as tree, Mermaid, page and JSON."""

import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from raincheck.index.entries import NewVersion
from raincheck_contracts.lineage import BoundReference, BoundReferences
from raincheck_workers.cli.graph.lineage_graph import lineage_graph
from raincheck_workers.cli.graph.mermaid import mermaid
from raincheck_workers.cli.rendering.lineage_tree import lineage_trees
from tests.support.builders import new_version, pipeline, step
from tests.support.command_line import CommandLine, command_line
from tests.support.lineages import hostile_lineage

HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[31m"


def _made(run: str) -> NewVersion:
    made = new_version("x", output="x", metadata={"note": HOSTILE})
    origin = {"run": run, "step": "a", "output": "x", "inputs": ("model@1",)}
    return replace(made, record=made.record.model_copy(update=origin))


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """A deployment in which a step bound metadata of `model@1` and made `x@1`."""
    with command_line(tmp_path) as command:
        driver = command.driver
        driver.publish("model", note=HOSTILE)
        run = driver.submit(pipeline(step("a", "model:latest#/note", outputs=["x"])))
        entry = BoundReference(
            parameter="note",
            reference="model:latest#/note",
            artifact="model",
            version="1",
            pointer="/note",
            value=HOSTILE,
        )
        bound = BoundReferences(bound=(entry,))
        driver.index.runs.complete(driver.attempt(run, "a"), [_made(run)], (), bound)
        driver.publish("model", note="newer")
        yield command


def test_a_tree_shows_the_reference_and_the_value(raincheck: CommandLine) -> None:
    """The value that the step received, although a newer version came since."""
    answer = raincheck("lineage", "x", "--up")
    assert answer.code == 0
    assert "x@1" in answer.out
    assert "model@1" in answer.out
    assert "note = model:latest#/note is " in answer.out
    assert "newer" not in answer.out
    assert "\x1b" not in answer.out
    assert "is used by" not in answer.out
    down = raincheck("lineage", "model@1", "--down").out
    assert "p.a of run-" in down
    assert "x@1" in down


def test_a_page_is_whole_and_gives_nothing_to_run(raincheck: CommandLine, tmp_path: Path) -> None:
    """Whatever metadata holds: it is text."""
    file = tmp_path / "x.html"
    assert raincheck("lineage", "x", "--format", "html", "--output", str(file)).code == 0
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert page.count("<script") == 1  # ours; the policy names its digest
    assert "<img" not in page
    assert "&lt;img src=x" in page
    for said in ("model@1", "x@1", "model:latest#/note", "float", "b3:"):
        assert said in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_whatever_a_lineage_holds_a_terminal_obeys_none_of_it(tmp_path: Path) -> None:
    """Types, values and names come from whoever published."""
    console = Console(file=(tmp_path / "tree").open("w+", encoding="utf-8"), width=2_000)
    for tree in lineage_trees(hostile_lineage(("a\x1b[31m\x9b1m\u202e\x07\r\n\x7f",))):
        console.print(tree)
    console.file.close()
    lines = (tmp_path / "tree").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)


def test_mermaid_reads_only_what_we_drew() -> None:
    """A line for each box, arrow and class; texts hold letters, a few signs and codes."""
    lines = mermaid(lineage_graph(hostile_lineage())).splitlines()
    label = r'"(?:[\w .,:@?=+-]|#\d+;|<br/>)*"'
    box = rf"n\d(?:\[{label}\]|\(\[{label}\]\))(?::::\w+)?"
    arrow = rf"n\d -->(?:\|{label}\|)? n\d"
    style = r"classDef \w+ [\w:#, -]+"
    assert lines[0] == "flowchart LR"
    kinds = [re.fullmatch(rf"    (?:({box})|({arrow})|({style}))", line) for line in lines[1:]]
    assert all(kinds)
    assert sum(bool(found and found[1]) for found in kinds) == 4
    assert sum(bool(found and found[2]) for found in kinds) == 3


def test_mermaid_and_json(raincheck: CommandLine) -> None:
    """Both with the same edges; Mermaid gets no sign that it could read."""
    text = raincheck("lineage", "x", "--format", "mermaid").out
    assert text.startswith("flowchart LR\n")
    assert "<img" not in text
    document = raincheck.document("lineage", "model@1", "--depth", "1")
    assert {edge["kind"] for edge in document["edges"]} == {"bound", "produced"}
    assert document["root"] == "model@1"


def test_more_than_is_shown_is_said(raincheck: CommandLine) -> None:
    """On standard error, so that output can be piped."""
    answer = raincheck("lineage", "x", "--depth", "0")
    assert "there is more" in answer.err


def test_what_is_not_there_is_an_error(raincheck: CommandLine) -> None:
    """As `resolve` says it."""
    answer = raincheck("lineage", "modle")
    assert answer.code != 0
    assert "modle" in answer.err
