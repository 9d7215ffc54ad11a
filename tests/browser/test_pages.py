"""What a browser makes of the page of a lineage and of the page of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raincheck_contracts.pipelines import PipelineSpec, ValueInput
from raincheck_contracts.runs import ErrorInfo, MissingReason, MissingReference, Run, StepState
from raincheck_workers.cli.graph.lineage_page import lineage_page
from raincheck_workers.cli.graph.page import page
from tests.support.browser import Browser
from tests.support.builders import binding, output_of, pipeline, step
from tests.support.lineages import HOSTILE, hostile_lineage, large_lineage
from tests.support.recorded_runs import BEGAN, recorded_run

LONG = "m" * 64
MISSING = MissingReference(reference="other:latest", reason=MissingReason.ARTIFACT_UNKNOWN)


def _spec(texts: tuple[str, ...]) -> PipelineSpec:
    use = step(LONG, f"{LONG}@{'W' * 64}", "model:latest#/note", outputs=["best"])
    given = {f"text_{i}": ValueInput(value=text) for i, text in enumerate(texts)}
    wide = use.model_copy(update={"inputs": {**use.inputs, **given}})
    return pipeline(wide, step("waits", "other:latest", output_of(LONG, "best")), step("last"))


def _run(texts: tuple[str, ...]) -> tuple[Run, PipelineSpec]:
    spec = _spec(texts)
    everything = "\n".join(texts)
    first: dict[str, Any] = {
        "state": StepState.FAILED,
        "attempt": 1,
        "started_at": BEGAN + 1_000,
        "ended_at": BEGAN + 4_000,
        "bindings": {"model:latest#/note": binding("3", pointer="/note", value=list(texts))},
        "node": everything[:200],
        "outputs": {"best": f"{LONG}@{LONG}"},
        "error": ErrorInfo(type="builtins.ValueError", message=everything, traceback=everything),
    }
    waits = {"state": StepState.WAITING, "parked_at": BEGAN, "missing": (MISSING,)}
    parameters = {"alpha": list(texts)}
    run = recorded_run(
        spec, {LONG: first, "waits": waits}, parameters=parameters, reason=everything
    )
    return run, spec


def _lineage_page(texts: tuple[str, ...]) -> str:
    return lineage_page(hostile_lineage(texts))


def _run_page(texts: tuple[str, ...]) -> str:
    run, spec = _run(texts)
    return page(run, spec, BEGAN + 10_000)


@pytest.fixture(params=[_lineage_page, _run_page], ids=["lineage", "run"])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[tuple[str, ...]], Path]:
    """Writes a page, full of texts."""

    def write(texts: tuple[str, ...]) -> Path:
        file = tmp_path / f"{request.param.__name__}.html"
        file.write_text(request.param(texts), encoding="utf-8")
        return file

    return write


def _elements(browser: Browser) -> Any:
    """All elements with the names of their attributes; ids and styles have no text of others."""
    return browser.ask(
        "return [...document.querySelectorAll('*')].map("
        "(one) => one.tagName + ' ' + one.getAttributeNames().sort());"
    )


def test_hostile_text_stays_text(
    browser: Browser, hostile: Callable[[tuple[str, ...]], Path]
) -> None:
    """No element and no attribute more than of harmless text; nothing runs, nothing is fetched."""
    browser.open(hostile(("x",) * len(HOSTILE)))
    harmless = len(_elements(browser))
    file = hostile(HOSTILE)
    browser.open(file)
    assert not browser.alerted()
    assert browser.complaints() == []
    assert set(browser.requests()) == {file.as_uri()}
    found = _elements(browser)
    assert len(found) >= harmless - len(HOSTILE)  # equal texts are one row
    assert not [one for one in found if one.split()[0] in {"IMG", "IFRAME", "OBJECT", "EMBED"}]
    assert sum(one.startswith("SCRIPT") for one in found) == 1
    assert not [one for one in found if "onload" in one or "onerror" in one]
    words = browser.ask("return document.documentElement.textContent")
    assert "<script>alert(1)</script>" in words
    assert "<img src=x onerror=alert(2)>" in words
    assert not set(words) & set("\u202e\u200f\u2067\x1b\x9b")


@pytest.mark.parametrize("width", [1280, 375])
def test_everything_has_its_place(
    browser: Browser, hostile: Callable[[tuple[str, ...]], Path], width: int
) -> None:
    """Boxes apart, texts inside them, arrows from edge to edge; only pictures scroll sideways."""
    browser.open(hostile(HOSTILE), width=width)
    assert browser.geometry("overlaps") == []
    assert browser.geometry("texts_outside") == []
    assert browser.geometry("loose_ends") == []
    assert browser.geometry("spills") == []
    browser.ask("document.documentElement.classList.remove('scripted')")  # all parts at once
    assert browser.geometry("spills") == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_can_be_read(
    browser: Browser, hostile: Callable[[tuple[str, ...]], Path], *, dark: bool
) -> None:
    """In light and dark, with the contrast that WCAG asks of small type."""
    browser.open(hostile(HOSTILE), dark=dark)
    shade = browser.ask("return getComputedStyle(document.body).backgroundColor")
    assert (shade == "rgb(255, 255, 255)") is not dark
    assert browser.geometry("faint") == []


def test_signs_are_explained(browser: Browser, hostile: Callable[[tuple[str, ...]], Path]) -> None:
    """Each kind and state of a box that is in the picture has its line below it."""
    browser.open(hostile(("x",)))
    names = "one => [...one.classList].filter(name => !['box', 'sign', 'chosen'].includes(name))"
    seen = f"return [...document.querySelectorAll('%s')].map({names}).map(String)"
    boxes = set(browser.ask(seen % "svg .box:not(.marked)"))
    assert boxes <= set(browser.ask(seen % ".legend .sign"))


def test_a_large_lineage_is_there_at_once(browser: Browser, tmp_path: Path) -> None:
    """300 boxes: nothing overlaps, the root is in sight, and it takes seconds at most."""
    file = tmp_path / "large.html"
    file.write_text(lineage_page(large_lineage(14, 10)), encoding="utf-8")
    browser.open(file)
    assert browser.ask("return document.querySelectorAll('svg .box').length") == 290
    loaded = browser.ask(
        "const one = performance.getEntriesByType('navigation')[0];"
        "return one.loadEventEnd - one.startTime"
    )
    assert loaded < 3_000
    assert browser.geometry("overlaps") == []
    assert browser.geometry("texts_outside") == []
    assert browser.geometry("loose_ends") == []
    assert browser.geometry("labels_covered") == []
    seen = browser.ask(
        "const a = document.querySelector('.marked').getBoundingClientRect(),"
        "b = document.querySelector('.scroll').getBoundingClientRect();"
        "return a.top >= b.top && a.bottom <= b.bottom && a.left >= b.left && a.right <= b.right"
    )
    assert seen is True
    assert browser.complaints() == []
