"""The Mermaid flowchart of a run."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from raincheck_contracts.runs import MissingReason, MissingReference, StepState
from raincheck_workers.cli.graph.mermaid import escaped, mermaid
from raincheck_workers.cli.graph.model import Arrow, Box, BoxKind, RunGraph, VersionState, run_graph
from tests.support.builders import output_of, pipeline, step
from tests.support.recorded_runs import recorded_run


def test_a_run_is_a_flowchart() -> None:
    """Steps are boxes, versions are round, a missing one hangs on a dashed arrow."""
    spec = pipeline(
        step("load", outputs=["data"]), step("use", "model@42", output_of("load", "data"))
    )
    missing = (MissingReference(reference="model@42", reason=MissingReason.VERSION_UNKNOWN),)
    steps: dict[str, dict[str, Any]] = {
        "load": {"state": StepState.SUCCEEDED, "outputs": {"data": "data@1"}},
        "use": {"state": StepState.WAITING, "missing": missing},
    }
    lines = mermaid(run_graph(recorded_run(spec, steps), spec)).splitlines()
    assert lines[:8] == [
        "flowchart LR",
        '    n0["load<br/>succeeded"]:::succeeded',
        '    n1(["data<br/>data@1"])',
        '    n2["use<br/>waiting"]:::waiting',
        '    n3(["model@42<br/>missing"]):::missing',
        "    n0 --> n1",
        '    n3 -.->|"p0"| n2',
        '    n1 -->|"p1"| n2',
    ]
    assert [line.split()[:2] for line in lines[8:]] == [
        ["classDef", state] for state in ("succeeded", "waiting", "missing")
    ]


@given(st.text())
def test_no_text_ends_its_label_or_says_anything_in_mermaid(text: str) -> None:
    """What is left are letters, digits, harmless signs and codes of characters."""
    assert re.fullmatch(r"([^\W]|[ .,:@?=_+-]|#\d+;)*", escaped(text))


def test_hostile_names_stay_inside_their_quotes() -> None:
    """Each line has the quotes of its own labels, and no line is added."""
    bad = '"] --> x\n<script>alert(1)</script> #quot; `**b**`'
    box = Box(key="k", kind=BoxKind.VERSION, title=bad, note=bad, state=VersionState.MISSING)
    step_box = Box(key="s", kind=BoxKind.STEP, title="s", note="", state=StepState.FAILED)
    arrow = Arrow(source="k", target="s", labels=(bad,), waiting=True)
    lines = mermaid(RunGraph((box, step_box), (arrow,))).splitlines()
    assert [line.count('"') for line in lines] == [0, 2, 2, 2, 0, 0]
    assert not any("<script" in line or "`" in line for line in lines)
