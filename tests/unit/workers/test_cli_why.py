from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from raincheck.index import Index
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.selectors import Condition, Operator
from tests.support.builders import new_version, nonce, pipeline, record, step
from tests.support.command_line import CommandLine, command_line
from tests.support.driver import Driver
from tests.support.dumps import ask, key
from tests.support.subscribing import (
    NEWEST,
    advance,
    alias_of,
    batch,
    redefine,
    subscribe,
    version_of,
)

LESS = Condition(key="MSE", op=Operator.LT, value=0.2)
FIT = pipeline(step("fit", outputs=["model"]))


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _lines(raincheck: CommandLine, subject: str) -> list[str]:
    answer = raincheck("why", subject)
    assert answer.code == 0, answer.err
    return [line.strip() for line in answer.out.splitlines()]


def _newest(index: Index) -> str:
    return index.events.newest(1)[0].id


def _concern(raincheck: CommandLine, subject: str) -> tuple[str, list[str]]:
    """What became of an event in its only subscription, and why."""
    (concern,) = raincheck.document("why", subject)["subscriptions"]
    return concern["became"], [reason["text"] for reason in concern["reasons"]]


def test_an_event_that_started_a_run(raincheck: CommandLine) -> None:
    """Which, and how it is; each part of the condition with the version's value."""
    index = raincheck.driver.index
    subscribe(index, "sub", version_of(where=(LESS,)))
    subscribe(index, "other", version_of("data"))
    raincheck.driver.publish("model", MSE=0.1)
    advance(index)
    lines = _lines(raincheck, _newest(index))
    assert lines[0].endswith("ArtifactVersionPublished  model@1")
    assert lines[1:] == [
        "sub: started run sub+1+model@1",
        "the run is queued",
        "published model: yes",
        "MSE<0.2: 0.1, yes",
    ]
    document = raincheck.document("why", _newest(index))
    assert document["event"]["subject"] == "model@1"
    assert [item["run"] for item in document["subscriptions"]] == ["sub+1+model@1"]


def test_an_event_that_did_not_match_says_which_part_failed(raincheck: CommandLine) -> None:
    """And one of another artifact concerns nobody."""
    index = raincheck.driver.index
    subscribe(index, "sub", version_of(where=(LESS,), tag="good"))
    raincheck.driver.publish("model", MSE=0.3)
    advance(index)
    first = _newest(index)
    assert _lines(raincheck, first)[1] == "sub: not matched (MSE<0.2: 0.3; tagged good: no tag)"
    raincheck.driver.publish("data")
    assert _lines(raincheck, _newest(index))[1:] == ["no subscription is about data"]


def test_a_version_matches_once_at_which_event_is_said(raincheck: CommandLine) -> None:
    """Its publication did not match, its metric did, a later tag changed nothing."""
    index = raincheck.driver.index
    subscribe(index, "sub", version_of(where=(LESS,)))
    raincheck.driver.publish("model")
    advance(index)
    published = _newest(index)
    index.versions.log_metadata("model", None, {"MSE": 0.1})
    advance(index)
    logged = _newest(index)
    assert _concern(raincheck, logged) == ("started", ["the run is queued"])
    said = f"the version matched at its event {logged}, and a version matches once"
    assert _concern(raincheck, published) == ("started", [said, "the run is queued"])


def test_an_older_event_and_one_that_was_not_looked_at(raincheck: CommandLine) -> None:
    """Before the subscription; and while it is paused."""
    index = raincheck.driver.index
    raincheck.driver.publish("model", MSE=0.1)
    older = _newest(index)
    subscribe(index, "sub", version_of(where=(LESS,)))
    assert _concern(raincheck, older)[0] == "older than the subscription"
    raincheck.driver.publish("model", MSE=0.1)
    assert _concern(raincheck, _newest(index))[0] == "not looked at yet"
    advance(index)
    assert _concern(raincheck, _newest(index))[0] == "started"
    index.subscriptions.pause("sub", "too dear")
    raincheck.driver.publish("model", MSE=0.1)
    advance(index)
    held = ("not looked at yet", ["the subscription is paused: too dear"])
    assert _concern(raincheck, _newest(index)) == held


def test_what_was_looked_at_before_a_pause_was_looked_at(raincheck: CommandLine) -> None:
    """Though other events wait; ids are compared as numbers."""
    index = raincheck.driver.index
    subscribe(index, "sub", version_of(where=(LESS,)))
    for _ in range(9):
        raincheck.driver.publish("model", MSE=0.3)
    advance(index)
    index.subscriptions.pause("sub", "too dear")
    raincheck.driver.publish("model", MSE=0.3)
    advance(index)
    assert _concern(raincheck, "9-1")[0] == "not matched"
    assert _concern(raincheck, "10-1")[0] == "not looked at yet"


def test_what_holds_only_since_a_later_deployment_is_said(raincheck: CommandLine) -> None:
    """The event was looked at with another condition."""
    index = raincheck.driver.index
    made = subscribe(index, "sub", version_of(where=(LESS,)))
    raincheck.driver.publish("model", MSE=0.3)
    advance(index)
    redefine(index, made, all_of=((version_of(),),))
    became, reasons = _concern(raincheck, _newest(index))
    assert became == "not matched"
    assert reasons == ["deployment 2 was made after it, with another condition"]


def test_a_pending_event_says_what_it_waits_for(raincheck: CommandLine) -> None:
    """The window of its batch, what is required."""
    index = raincheck.driver.index
    subscribe(index, "sub", group=batch(60.0, 3), requires=(parse_reference("data:latest"),))
    raincheck.driver.publish("model")
    advance(index)
    first = _newest(index)
    missing = "it requires data:latest: artifact 'data' has no versions yet"
    opened = "its batch is open, with 1 of at most 3 matches"
    assert _concern(raincheck, first) == ("pending", [opened, missing])
    assert any(line.endswith("s left)") for line in _lines(raincheck, first))
    for _ in range(2):
        raincheck.driver.publish("model")
    advance(index)
    assert _concern(raincheck, first) == ("pending", [missing])
    raincheck.driver.publish("data")
    advance(index)
    assert _concern(raincheck, first) == ("started", ["the run is queued"])


def test_a_pending_event_waits_for_room(raincheck: CommandLine) -> None:
    """The runs that take it are named."""
    index = raincheck.driver.index
    subscribe(index, "sub", group=NEWEST, limit=1)
    for _ in range(2):
        raincheck.driver.publish("model")
        advance(index)
    (run,) = index.records.run_ids(10)
    assert _concern(raincheck, _newest(index)) == (
        "pending",
        [f"1 of at most 1 runs live: {run}"],
    )


def test_parts_of_an_all_of_wait_for_each_other(raincheck: CommandLine) -> None:
    """What is superseded is said, and which part has no match."""
    index = raincheck.driver.index
    subscribe(index, "sub", version_of("model"), version_of("data"))
    raincheck.driver.publish("model")
    first = _newest(index)
    raincheck.driver.publish("model")
    advance(index)
    second = _newest(index)
    assert _concern(raincheck, first)[0] == "superseded"
    assert _concern(raincheck, second) == ("pending", ["no match yet of: published data"])
    lines = _lines(raincheck, "sub")
    assert lines[0] == "subscription sub of p: active"
    assert f"published model: model@2 published, event {second}, yes" in lines
    assert "published data: nothing since the last run, no" in lines
    assert "no match yet of: published data" in lines
    assert "data: there are no versions yet" in lines


def test_what_a_run_of_its_own_pipeline_caused_is_refused(raincheck: CommandLine) -> None:
    """And what lies too deep."""
    index = raincheck.driver.index
    made = subscribe(index, "sub", spec=FIT)
    raincheck.driver.finish(
        raincheck.driver.submit(FIT), "fit", new_version("model", output="model")
    )
    advance(index)
    event = next(item.id for item in index.events.read() if "published" in item.type)
    became, reasons = _concern(raincheck, event)
    assert became == "own"
    assert reasons == ["a run of p itself caused it; feedback=True would let it"]
    assert any("model@1: it matched and is own" in line for line in _lines(raincheck, "sub"))
    redefine(index, made, feedback=True, max_depth=1)
    raincheck.driver.publish("model")
    advance(index)
    raincheck.driver.adopt("sub+1+model@2", FIT)
    raincheck.driver.finish("sub+1+model@2", "fit", new_version("model", output="model"))
    advance(index)
    event = [item.id for item in index.events.read() if "published" in item.type][-1]
    assert _concern(raincheck, event) == (
        "deep",
        ["the run would be at depth 2; max_depth is 1"],
    )


def test_each_move_of_an_alias_is_an_event_of_its_own(raincheck: CommandLine) -> None:
    """The tree says which condition it is for."""
    index = raincheck.driver.index
    subscribe(index, "sub", (alias_of(), alias_of(alias="other")))
    raincheck.driver.publish("model")
    assert _concern(raincheck, _newest(index))[0] == "not looked at yet"
    index.versions.set_alias(nonce(), "model", "prod", "1")
    advance(index)
    event = _newest(index)
    lines = _lines(raincheck, event)
    assert lines[1] == f"sub: started run sub+1+{event}"
    assert "moved model:prod: yes" in lines
    assert "moved model:other: the alias is prod, no" in lines


def test_what_found_no_room_was_skipped(raincheck: CommandLine) -> None:
    """With `when_full="skip"`."""
    index = raincheck.driver.index
    subscribe(index, limit=1, when_full="skip")
    for _ in range(2):
        raincheck.driver.publish("model")
        advance(index)
    said = ("skipped", ["1 runs were live, and when_full is skip"])
    assert _concern(raincheck, _newest(index)) == said


def test_an_event_that_is_only_required_starts_nothing(raincheck: CommandLine) -> None:
    """It is said whom it concerns."""
    index = raincheck.driver.index
    subscribe(index, requires=(parse_reference("data:latest"),))
    raincheck.driver.publish("data")
    advance(index)
    assert _lines(raincheck, _newest(index))[1:] == [
        "sub: required, which starts nothing",
        "published model",
    ]


def _two_in_a_row(raincheck: CommandLine) -> tuple[Index, Driver]:
    """Data starts a fit, which is to publish a model, which starts another run."""
    index, driver = raincheck.driver.index, raincheck.driver
    subscribe(index, "first", version_of("data"), spec=FIT)
    subscribe(index, "second", version_of("model"), feedback=True)
    driver.publish("data")
    advance(index)
    driver.adopt("first+1+data@1", FIT)
    return index, driver


def test_a_run_that_is_forgotten_is_still_named(raincheck: CommandLine) -> None:
    """By the event and in the chain of what it caused."""
    index, driver = _two_in_a_row(raincheck)
    driver.finish("first+1+data@1", "fit", new_version("model", output="model"))
    advance(index)
    ask(index, "DEL", key(index, "run:first+1+data@1"))
    assert _concern(raincheck, "1-1") == ("started", ["the run is no longer kept"])
    assert _lines(raincheck, "second+1+model@1")[2:] == [
        "<- run first+1+data@1, which is no longer kept"
    ]


def test_a_run_that_caused_several_events_is_told_once(raincheck: CommandLine) -> None:
    """The others refer to it."""
    index, driver = raincheck.driver.index, raincheck.driver
    both = pipeline(step("fit", outputs=["model", "data"]))
    subscribe(index, "sub", version_of("model"), version_of("data"), feedback=True)
    run = driver.submit(both)
    outputs = (new_version("model", output="model"), new_version("data", output="data"))
    driver.finish(run, "fit", *outputs)
    advance(index)
    (triggered,) = [found for found in index.records.run_ids(10) if found != run]
    lines = _lines(raincheck, triggered)
    assert lines[2] == f"<- run {run} of p, succeeded, queued by hand"
    assert lines[4] == f"<- run {run}, see above"


def test_an_event_about_no_version_starts_nothing(raincheck: CommandLine) -> None:
    """The end of a run."""
    raincheck.driver.finish(raincheck.driver.submit(FIT), "fit", new_version("m", output="model"))
    event = next(item.id for item in raincheck.driver.index.events.read() if "run" in item.type)
    assert _lines(raincheck, event)[1:] == [
        "no subscription is about it: it is no event of a version"
    ]


def test_the_chain_of_a_run_goes_back_to_the_first_cause(raincheck: CommandLine) -> None:
    """Run, event, the run that caused it, up to what was done by hand."""
    index, driver = _two_in_a_row(raincheck)
    made = record().model_copy(update={"run": "first+1+data@1"})
    version = replace(new_version("model", output="model"), record=made)
    driver.finish("first+1+data@1", "fit", version)
    advance(index)
    lines = _lines(raincheck, "second+1+model@1")
    assert [line.split(", started by")[0] for line in lines] == [
        "run second+1+model@1 of p, queued",
        "<- event 2-1: model@1 published",
        "<- run first+1+data@1 of p, succeeded",
        "<- event 1-1: data@1 published by hand",
    ]
    assert lines[0].endswith("started by subscription second, depth 2")
    shown = raincheck("runs", "show", "second+1+model@1").out.splitlines()
    assert "started by subscription second, depth 2" in shown
    assert "  event 2-1: model@1 published" in shown
    document = raincheck.document("why", "second+1+model@1")
    assert [link["level"] for link in document] == [0, 1, 2, 3]
    index.runs.trim(0)
    advance(index)
    gone = _lines(raincheck, "second+1+model@1")
    assert gone[1] == "<- event 2-1: model@1 published; the event is no longer kept"
    assert gone[2].startswith("<- run first+1+data@1")
    assert gone[3].endswith("the event is no longer kept, nor what caused it")


def test_a_run_of_many_events_names_the_newest(raincheck: CommandLine) -> None:
    """And how many more there are, in `runs show` too."""
    index = raincheck.driver.index
    subscribe(index, "sub", group=batch(60.0, 7))
    for _ in range(7):
        raincheck.driver.publish("model")
    advance(index)
    lines = _lines(raincheck, "sub+1+7-1")
    assert [line for line in lines if "event" in line] == [
        *(f"<- event {n}-1: model@{n} published by hand" for n in (7, 6, 5, 4, 3)),
        "<- and 2 more events",
    ]
    shown = raincheck("runs", "show", "sub+1+7-1").out
    assert "  event 3-1: model@3 published\n  and 2 more events\n" in shown


def test_a_run_queued_by_hand_is_just_that(raincheck: CommandLine) -> None:
    """By the beginning of its id, too."""
    run = raincheck.driver.submit(FIT)
    assert _lines(raincheck, run[:8]) == [f"run {run} of p, queued, queued by hand"]


def test_a_subscription_says_why_it_starts_nothing(raincheck: CommandLine) -> None:
    """Its newest version, and which part it fails; near names of an artifact that is not there."""
    index = raincheck.driver.index
    subscribe(index, "sub", (version_of(where=(LESS,)), version_of("modle")))
    raincheck.driver.publish("model", MSE=0.3)
    advance(index)
    lines = _lines(raincheck, "sub")
    assert "model@1: MSE<0.2 is not so: 0.3" in lines
    assert "modle: there are no versions yet; did you mean model?" in lines
    assert "no match yet of: published model where MSE<0.2 or published modle" in lines
    index.subscriptions.pause("sub", "too dear")
    assert "the subscription is paused: too dear" in _lines(raincheck, "sub")


def test_a_subscription_says_that_what_is_there_is_older(raincheck: CommandLine) -> None:
    """A version and an alias that were there before it."""
    index = raincheck.driver.index
    raincheck.driver.publish("model")
    raincheck.driver.publish("data")
    index.versions.set_alias(nonce(), "data", "prod", "1")
    subscribe(index, "sub", (version_of("model"), alias_of("data")))
    advance(index)
    lines = _lines(raincheck, "sub")
    older = "all holds, but it is older than the subscription; its next event counts"
    assert f"model@1: {older}" in lines
    assert "data@1: moved data:prod: it is there already, the next move counts" in lines


def test_a_subscription_lists_what_is_pending(raincheck: CommandLine) -> None:
    """Oldest first, with the events."""
    index = raincheck.driver.index
    subscribe(index, "sub", group=batch(60.0, 9))
    for _ in range(7):
        raincheck.driver.publish("model")
    advance(index)
    lines = _lines(raincheck, "sub")
    assert "7 pending, oldest first:" in lines
    assert any(line.startswith("event 1-1: model@1 published, ") for line in lines)
    assert "and 2 more" in lines
    document = raincheck.document("why", "sub")
    assert [match["event"] for match in document["pending"]] == [f"{n}-1" for n in range(1, 8)]


def test_a_name_that_may_be_two_things_is_refused(raincheck: CommandLine) -> None:
    """A prefix says which."""
    index = raincheck.driver.index
    subscribe(index, "1-1")
    raincheck.driver.publish("model")
    advance(index)
    answer = raincheck("why", "1-1")
    assert answer.code == 2
    assert answer.err.endswith("Write event:1-1 or subscription:1-1\n")
    assert _lines(raincheck, "subscription:1-1")[0] == "subscription 1-1 of p: active"
    assert _lines(raincheck, "event:1-1")[1].startswith("1-1: started run")


def test_a_subscription_is_not_taken_for_the_beginning_of_its_runs(raincheck: CommandLine) -> None:
    """Its name is whole; `run:` finds the run."""
    index = raincheck.driver.index
    subscribe(index)
    raincheck.driver.publish("model")
    advance(index)
    assert _lines(raincheck, "sub")[0].startswith("subscription sub")
    assert _lines(raincheck, "run:sub")[0].startswith("run sub+1+model@1")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("dobule_model", "no run begins with 'dobule_model'. No subscription is named"),
        ("event:x", "'x' is no id of an event. For example 7-1"),
        ("9-1", "is ahead of the index"),
        ("1-9", "no event has the id 1-9. raincheck events lists them"),
    ],
)
def test_what_is_not_there_is_one_line(raincheck: CommandLine, subject: str, said: str) -> None:
    """Exit code 2, and nothing on standard output."""
    subscribe(raincheck.driver.index, "double_model")
    raincheck.driver.publish("model")
    answer = raincheck("why", subject)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
