"""Why each input of a run is what it is."""

import pytest

from raincheck import Client, Deployment, pipeline, save_artifact, step
from raincheck.queueing.run_handle import RunHandle
from raincheck.testing import last_run
from raincheck_contracts.answers import InputAnswer
from raincheck_contracts.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("deployment")


@step
def make() -> float:
    """A value for the next step."""
    return 1.0


@step
def read(given: float, references: list[object], both: list[object]) -> None:
    """Takes an output, references in a list, and one of them again."""


@pipeline(bind="run")
def reading(written: list[str]) -> None:
    """Reads what the text forms of references name."""
    client = Client()
    named = {
        "best": client.get_artifact_version("m", best="MSE", mode="min"),
        "error": client.get_artifact_version("m", best="MSE", mode="min").run_metadata["MSE"].value,
        "list": client.get_artifact_versions("m", take=2, best="MSE", mode="max"),
        "where": client.get_artifact_version("m", where={"MSE": 0.3}),
        "tag": client.get_artifact_version("m", tag="good"),
        "pipeline": client.get_artifact_version("m", pipeline="making"),
        "alias": client.get_artifact_version("m", alias="production"),
        "newest": client.get_artifact_version("m"),
        "fixed": client.get_artifact_version("m", 1),
        "back": client.get_artifact_version("m", back=1),
        "then": client.get_artifact_version("m", alias="production", as_of=3),
    }
    chosen = [named[name] for name in written]
    read(make(), chosen, chosen[:1])


def _publish(*errors: float) -> None:
    for error in errors:
        save_artifact(error, "m", metadata={"MSE": error})


def _read(deployment: Deployment, *written: str) -> tuple[RunHandle, list[InputAnswer]]:
    reading(list(written))
    run = last_run(deployment)
    return run, [answer for answer in run.inputs("read") if answer.reference != "make.output"]


def _lost(answer: InputAnswer) -> list[tuple[str, str]]:
    return [(item.version, item.why) for item in answer.lost]


def test_the_best_names_those_that_came_next(deployment: Deployment) -> None:
    """With their values; and when a better one has come, that is the answer now."""
    _publish(0.3, 0.1, 0.2)
    run, (best, error) = _read(deployment, "best", "error")
    assert (best.versions, best.parameters) == (("m@2",), ("references", "both"))
    assert best.chosen == "the least MSE"
    assert _lost(best) == [("m@3", "MSE = 0.2"), ("m@1", "MSE = 0.3")]
    assert (error.values, error.versions, error.revision) == ((0.1,), ("m@2",), best.revision)
    assert not best.changed
    _publish(0.05)
    now = next(answer for answer in run.inputs("read") if answer.reference == "m?min=MSE")
    assert (now.versions, now.now, now.changed) == (("m@2",), ("m@4",), True)
    assert _lost(now) == _lost(best), "the question is about then"


def test_a_list_names_those_that_came_next(deployment: Deployment) -> None:
    """After all that it stands for."""
    _publish(0.3, 0.1, 0.2)
    _, (answer,) = _read(deployment, "list")
    assert answer.versions == ("m@1", "m@3")
    assert answer.chosen == "a list of 2 of: the greatest MSE"
    assert _lost(answer) == [("m@2", "MSE = 0.1")]


def test_newer_versions_that_did_not_qualify_say_why(deployment: Deployment) -> None:
    """Also those that do since; what is older was not in question."""
    _publish(0.1, 0.3)
    save_artifact(7.0, "m")
    _publish(0.2)
    Client().tag("m", "good", 2)
    run, (where, tag) = _read(deployment, "where", "tag")
    assert _lost(where) == [("m@4", "MSE = 0.2"), ("m@3", "no MSE")]
    assert _lost(tag) == [("m@4", "without the tag good"), ("m@3", "without the tag good")]
    Client().tag("m", "good", 3)
    again = run.inputs("read")[-1]
    assert _lost(again)[1] == ("m@3", "without the tag good; it qualifies since")
    assert again.now == ("m@3",)


def test_an_alias_says_who_moved_it_there(deployment: Deployment) -> None:
    """As of the moment that was asked about, whatever came since."""
    _publish(0.1, 0.2)
    client = Client()
    client.set_alias("m", "production", 1, by="ada", why="the audit")
    client.set_alias("m", "production", 2, by="grace")
    run, (now, then) = _read(deployment, "alias", "then")
    assert now.chosen == "what production named, moved there by grace at revision 4"
    assert then.versions == ("m@1",)
    assert then.chosen.endswith("by ada at revision 3, because: the audit, as of 3")
    client.set_alias("m", "production", 1)
    assert [answer.changed for answer in run.inputs("read")[1:]] == [True, False]


def test_who_published_the_others(deployment: Deployment) -> None:
    """By hand, or by another pipeline with its run."""
    making()
    _publish(0.1)
    run, (answer,) = _read(deployment, "pipeline")
    assert answer.versions == ("m@1",)
    assert _lost(answer) == [("m@2", "published by hand")]
    assert run.inputs()[0].reference == "make.output"
    assert run.inputs()[0].chosen == "the output of an earlier step"


def test_the_others_say_how_they_were_chosen(deployment: Deployment) -> None:
    """They have no candidates that lost."""
    _publish(0.1, 0.2)
    _, answers = _read(deployment, "newest", "fixed", "back")
    assert [answer.chosen for answer in answers] == [
        "the newest version",
        "the version of that name",
        "the version 1 before the newest",
    ]
    assert not any(answer.lost for answer in answers)


def test_a_step_that_is_not_there_is_named(deployment: Deployment) -> None:
    """With those that are; one that is not bound yet has no answers."""
    _publish(0.1)
    reading(["newest"])
    with pytest.raises(ArgumentError, match=r"no step .raed.\..*It has make, read"):
        last_run(deployment).inputs("raed")
    waiting = reading.delay(["tag"])
    assert waiting.inputs() == ()


@pipeline
def making() -> None:
    """Publishes a version of `m`."""
    publish_m()


@step
def publish_m() -> None:
    """By saving it."""
    save_artifact(3.0, "m")
