"""Promotion by the client: who is the mover, and what is refused before the index is asked."""

import getpass

import pytest

from raincheck import Client, Deployment, save_artifact
from raincheck.authoring import StepContext, step_context
from raincheck_contracts.errors import ArgumentError
from tests.support.builders import pipeline, step
from tests.support.driver import Driver

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def models(deployment: Deployment) -> None:
    """Three versions, the second with the least error."""
    assert deployment.index.records.artifact_names() == []
    for value, error in ((1.0, 0.3), (2.0, 0.1), (3.0, 0.2)):
        save_artifact(value, "model", metadata={"MSE": error})


def test_a_promotion_compares_and_is_recorded() -> None:
    """By whom it was done and why; the reply says the same in words."""
    client = Client()
    client.promote("model", 1, alias="production", why="the first")
    done = client.promote("model", "2", alias="production", if_better="MSE", mode="min", by="ann")
    assert (done.moved, done.version, done.replaced, done.old, done.new) == (
        *(True, "2", "1", 0.3, 0.1),
    )
    assert not client.promote("model", alias="production", if_better="MSE", mode="min").moved
    newest, first = client.alias_history("model", "production")
    assert (newest.by, newest.why, newest.metric) == ("ann", "", "MSE")
    assert (first.by, first.why, first.run) == (getpass.getuser(), "the first", None)
    assert client.rollback("model", "production", expected=2).version == "1"


def test_a_step_promotes_in_its_name(deployment: Deployment) -> None:
    """At once, as pipeline, run and step, and where only its pipeline may."""
    run = Driver(deployment.index).submit(pipeline(step("judge")))
    client = Client()
    client.protect_alias("model", "production", "p")
    assert client.alias_protection("model", "production") == ("p",)
    with step_context(StepContext(run=run, pipeline="p", step="judge", attempt=1)):
        client.promote("model", 2, alias="production")
        client.set_alias("model", "production", 3, why="by hand of a step")
    client.unprotect_alias("model", "production")
    for move in client.alias_history("model", "production"):
        assert (move.by, move.run, move.pipeline) == (f"p/{run}/judge", run, "p")


def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container nobody may have one; what is no plain text is not kept."""
    client = Client()
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LOGNAME", "a\x1bn\u00e9")
    client.promote("model", 1, alias="a")
    assert client.alias_history("model", "a")[0].by == "a?n?"

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    client.promote("model", 2, alias="a")
    assert client.alias_history("model", "a")[0].by == "unknown"


def test_what_cannot_be_meant_is_refused() -> None:
    """An alias that is none, half of a comparison, nobody who may, no moves to list."""
    client = Client()
    with pytest.raises(ArgumentError, match="promote"):
        client.promote("model", alias="latest")
    with pytest.raises(ArgumentError, match="Give both"):
        client.promote("model", alias="a", if_better="MSE")
    with pytest.raises(ArgumentError, match="Give both"):
        client.promote("model", alias="a", mode="min")
    with pytest.raises(ArgumentError, match="no pipeline is named"):
        client.protect_alias("model", "a")
    with pytest.raises(ArgumentError, match="limit=0"):
        client.alias_history("model", "a", 0)
    for refused in (client.rollback, client.unprotect_alias, client.alias_protection):
        with pytest.raises(ArgumentError, match="alias"):
            refused("model", "7")
