"""A run as an HTML page."""

import re
from html.parser import HTMLParser

import pytest
from typing_extensions import override

from raincheck_contracts.pipelines import PipelineSpec, ValueInput
from raincheck_contracts.runs import ErrorInfo, MissingReason, MissingReference, Run, StepState
from raincheck_workers.cli.graph.page import page
from tests.support.builders import binding, digest, pipeline, step
from tests.support.recorded_runs import BEGAN, RUN, recorded_run

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"] ' & \x1b[31m \ud800"
NOW = BEGAN + 10_000


class _Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    @override
    def handle_data(self, data: str) -> None:
        self.words += data + "\n"

    def values(self, name: str) -> list[str | None]:
        """All values of an attribute."""
        return [value for key, value in self.attributes if key == name]


def _spec(text: str = "x") -> PipelineSpec:
    use = step("use", "model:latest", "model:latest#/MSE", outputs=["best"], retries=2)
    given = use.model_copy(update={"inputs": {**use.inputs, "note": ValueInput(value=text)}})
    return pipeline(given, step("last", after=["use"]))


def _run(text: str = "x") -> Run:
    bound = {
        "model:latest": binding("3"),
        "model:latest#/MSE": binding("3", pointer="/MSE", value={"mse": text}),
    }
    use = {
        "state": StepState.FAILED,
        "attempt": 3,
        "started_at": BEGAN + 1_000,
        "ended_at": BEGAN + 4_000,
        "bindings": bound,
        "node": text,
        "outputs": {"best": "best@1", "saved.1": "extra@5"},
        "error": ErrorInfo(type="builtins.ValueError", message=text, traceback=f"File {text}"),
    }
    last = {"state": StepState.SKIPPED, "reason": text}
    return recorded_run(
        _spec(), {"use": use, "last": last}, parameters={"alpha": text}, reason=text
    )


@pytest.mark.parametrize(
    "words",
    [
        RUN,
        "alpha",
        "model:latest",
        "model@3",
        digest("3"),
        '{"mse": "x"}',
        "best@1",
        "extra@5",
        "builtins.ValueError: x",
        "File x",
        "3 of 3",
        "3.0 s",
        "2 steps: 1 failed, 1 skipped",
    ],
)
def test_the_page_says_all_that_is_known(words: str) -> None:
    """Parameters, bindings with digest and value, outputs, the error, its traceback, times."""
    assert words in _Page(page(_run(), _spec(), NOW)).words


def test_hostile_text_is_only_text() -> None:
    """Names, errors and metadata add no element and no attribute, and can be written."""
    hostile, harmless = (_Page(page(_run(text), _spec(text), NOW)) for text in (HOSTILE, "x"))
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]
    assert hostile.tags.count("script") == 1
    assert "<script>alert(1)</script><img src=x" in hostile.words
    page(_run(HOSTILE), _spec(HOSTILE), NOW).encode()


def test_nothing_is_fetched_and_only_its_own_script_runs() -> None:
    """No address but the name of SVG, none to load from, and a policy that forbids the rest."""
    text = page(_run(), _spec(), NOW)
    parsed = _Page(text)
    assert set(re.findall(r"[a-z]+://[^\s\"'<]+", text)) == {"http://www.w3.org/2000/svg"}
    assert parsed.values("src") == []
    assert all((value or "").startswith("#step-") for value in parsed.values("href"))
    assert "default-src 'none'" in str(parsed.values("content"))


def test_links_lead_to_steps_that_are_there() -> None:
    """From the graph and from the bars; no id is there twice."""
    parsed = _Page(page(_run(), _spec(), NOW))
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    assert {str(link)[1:] for link in parsed.values("href")} == {"step-use", "step-last"}
    assert {"step-use", "step-last"} <= set(ids)


def test_a_failed_step_is_shown_first() -> None:
    """Else one that waits or runs, else the last."""
    failed = page(_run(), _spec(), NOW)
    assert re.findall(r'class="part shown" id="([^"]+)"', failed) == ["step-use"]
    plain = page(recorded_run(_spec()), _spec(), NOW)
    assert re.findall(r'class="part shown" id="([^"]+)"', plain) == ["step-last"]


def test_bars_show_when_steps_waited_and_ran() -> None:
    """In percent of the time since the run was queued; what goes on ends now."""
    spec = pipeline(step("a", "model@1"), step("b", "model@1"), step("c"))
    missing = (MissingReference(reference="model@1", reason=MissingReason.ARTIFACT_UNKNOWN),)
    steps = {
        "a": {"state": StepState.RUNNING, "parked_at": BEGAN, "started_at": BEGAN + 5_000},
        "b": {"state": StepState.WAITING, "parked_at": BEGAN + 2_500, "missing": missing},
        # Between two attempts: the first has left no end.
        "c": {"state": StepState.QUEUED, "started_at": BEGAN, "attempt": 1},
    }
    text = page(recorded_run(spec, steps), spec, NOW)
    bars = re.findall(r'<i class="(\w+)" style="left:min\(([\d.]+)%.*?width:([\d.]+)%', text)
    assert bars == [
        ("waited", "0.000", "50.000"),
        ("ran", "50.000", "50.000"),
        ("waited", "25.000", "75.000"),
    ]


def test_a_run_of_which_nothing_has_begun_has_no_bars() -> None:
    """It says so."""
    assert "No step has begun." in page(recorded_run(_spec()), _spec(), NOW)
