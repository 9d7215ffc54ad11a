"""`raincheck lineage` as tree, Mermaid, page and JSON."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from raincheck.index.entries import NewVersion
from raincheck_contracts.lineage import BoundReference, BoundReferences
from tests.support.builders import new_version, pipeline, step
from tests.support.command_line import CommandLine, command_line

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
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;img src=x" in page
    for said in ("model@1", "x@1", "model:latest#/note", "float", "b3:"):
        assert said in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


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
