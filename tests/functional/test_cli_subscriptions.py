"""Subscriptions by the real command, in processes of their own, with a real worker."""

import json
from typing import Any

import pytest

from raincheck import RunHandle, save_artifact
from raincheck_contracts.runs import RunStatus
from tests.support.commands import run
from tests.support.terminals import on_terminal
from tests.support.waiting import wait_until
from tests.support.workers import ROOT, Fleet

pytestmark = pytest.mark.functional

MODULE = "tests.functional.subscribed_pipelines"
RUN = "double_model+1+sub-model@1"


def _raincheck(fleet: Fleet, *arguments: str) -> str:
    done = run(arguments, ROOT, fleet.environment({}))
    assert done.returncode == 0, done.stderr
    return done.stdout


def _document(fleet: Fleet, *arguments: str) -> Any:
    return json.loads(_raincheck(fleet, *arguments, "--json"))


def test_a_module_is_deployed_an_event_starts_a_run_and_why_says_so(fleet: Fleet) -> None:
    """Deploy, publish, look: at the event, at the run, at the subscription."""
    fleet.start(imports=(MODULE,))
    said = _raincheck(fleet, "deploy", MODULE)
    assert "double_model is new: published sub-model where MSE<0.5" in said
    listed = _document(fleet, "subscriptions", "list")
    assert [item["definition"]["name"] for item in listed] == ["double_model", "sum_models"]
    save_artifact(4.0, "sub-model", metadata={"MSE": 0.2})
    wait_until(lambda: RUN in fleet.deployment.index.records.run_ids(10), 10)
    assert RunHandle(RUN, fleet.deployment).wait(20) is RunStatus.SUCCEEDED
    event = next(
        item.id for item in fleet.deployment.index.events.read() if "published" in item.type
    )
    became = {
        item["subscription"]: (item["became"], item["run"])
        for item in _document(fleet, "why", event)["subscriptions"]
    }
    assert became == {"double_model": ("started", RUN), "sum_models": ("pending", None)}
    assert f"<- event {event}: sub-model@1 published by hand" in _raincheck(fleet, "why", RUN)
    chain = _raincheck(fleet, "why", "sum_models")
    assert "its batch is open, with 1 of at most 3 matches" in chain
    assert "sub-model@1: it matched and is pending" in chain


def test_on_a_terminal_it_asks_before_it_changes_anything(fleet: Fleet) -> None:
    """No changes nothing, with exit code 1; yes does."""
    every = fleet.environment({})
    ours = {name: text for name, text in every.items() if name.startswith("RAINCHECK_")}
    for answer, code, names in ((b"n\n", 1, []), (b"y\n", 0, ["double_model", "sum_models"])):
        with on_terminal(["deploy", MODULE], ROOT, ours) as terminal:
            wait_until(lambda: "Deploy 2 of 2 subscriptions?" in terminal.words, 30)
            assert fleet.deployment.index.subscriptions.names() == []
            terminal.write(answer)
            assert terminal.process.wait(30) == code
        assert fleet.deployment.index.subscriptions.names() == names
