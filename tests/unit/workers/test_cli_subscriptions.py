from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.selectors import Condition, Operator
from raincheck_contracts.subscriptions import SubscriptionState
from tests.support.builders import nonce
from tests.support.command_line import CommandLine, command_line
from tests.support.driver import Driver
from tests.support.dumps import ask, key
from tests.support.subscribing import (
    NEWEST,
    PLAIN,
    advance,
    alias_of,
    batch,
    subscribe,
    version_of,
)

LESS = Condition(key="MSE", op=Operator.LT, value=0.2)
GOOD = version_of(where=(LESS,), tag="good")


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


def _lines(raincheck: CommandLine, *arguments: str) -> list[str]:
    answer = raincheck(*arguments)
    assert answer.code == 0, answer.err
    return [line.strip() for line in answer.out.splitlines()]


def test_list_says_what_starts_each_and_how_far_it_is(raincheck: CommandLine) -> None:
    """A line per subscription, in the order of their deployment (of one millisecond, by name)."""
    index = raincheck.driver.index
    subscribe(index, "a", version_of(where=(LESS,)))
    subscribe(index, "b", version_of("data"), group=batch(60.0, 2))
    subscribe(index, "c", version_of(tag="good"), alias_of("data"), group=NEWEST)
    raincheck.driver.publish("model", MSE=0.1)
    raincheck.driver.publish("data")
    advance(index)
    index.subscriptions.pause("c", "too dear")
    rows = [" ".join(line.split()) for line in _lines(raincheck, "subscriptions", "list")[2:]]
    assert rows == [
        "a p active published model where MSE<0.2 each 1 0 1",
        "b p active published data batch of 60 s, at most 2 0 1 0",
        "c p paused published model, tagged good and moved data:prod newest 0 0 0",
    ]
    listed = raincheck.document("subscriptions", "list")
    assert listed == [item.model_dump(mode="json") for item in index.subscriptions.all()]


def test_an_empty_list_says_where_it_looked(raincheck: CommandLine) -> None:
    """As the other lists."""
    answer = raincheck("subscriptions", "list")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("no subscriptions in namespace 'default' of RAINCHECK_URL")
    assert raincheck.document("subscriptions", "list") == []


def test_show_says_all_about_one(raincheck: CommandLine) -> None:
    """Condition, requirements, grouping, counts, live runs, deployments."""
    index = raincheck.driver.index
    subscribe(
        index,
        "sub",
        (GOOD, alias_of()),
        requires=(parse_reference("data:latest"),),
        limit=1,
    )
    raincheck.driver.publish("model", MSE=0.1)
    index.versions.tag("model", None, "good")
    advance(index)
    lines = _lines(raincheck, "subscriptions", "show", "sub")
    assert lines[0] == "subscription sub of p: active"
    assert lines[lines.index("starts at") :][:6] == [
        "starts at",
        "any of",
        "published model",
        "MSE<0.2",
        "tagged good",
        "moved model:prod",
    ]
    assert "requires: data:latest" in lines
    assert "lacks: data:latest, which it requires" in lines
    assert "group: each; 1 run at once, others wait" in lines
    assert "counts: 1 matched = 0 in 0 runs + 1 pending" in lines
    raincheck.driver.publish("data")
    advance(index)
    lines = _lines(raincheck, "subscriptions", "show", "sub")
    assert "counts: 1 matched = 1 in 1 run" in lines
    assert "live: sub+1+model@1" in lines
    assert lines[-1].startswith("1 ")
    assert lines[-1].endswith(PLAIN.function)
    document = raincheck.document("subscriptions", "show", "sub")
    assert (document["live"], document["runs"]) == (1, ["sub+1+model@1"])
    assert [item["version"] for item in document["deployments"]] == [1]


def test_a_lagging_one_says_what_is_missing_and_how_to_go_on(raincheck: CommandLine) -> None:
    """`resume` alone is refused; `--skip-gap` is the choice."""
    index = raincheck.driver.index
    subscribe(index)
    index.subscriptions.pause("sub", "for a while")
    for _ in range(3):
        raincheck.driver.publish("model")
    advance(index)
    index.runs.trim(0)
    index.subscriptions.resume("sub")
    advance(index)
    assert index.subscriptions.read("sub").state is SubscriptionState.LAGGED
    lines = _lines(raincheck, "subscriptions", "show", "sub")
    assert lines[0] == "subscription sub of p: lagged"
    assert "go on after them with: raincheck subscriptions resume sub --skip-gap" in lines
    assert any(line.startswith("missing: the events after ") for line in lines)
    refused = raincheck("subscriptions", "resume", "sub")
    assert refused.code == 2
    assert "--skip-gap" in refused.err
    done = raincheck("subscriptions", "resume", "sub", "--skip-gap")
    assert (done.code, done.out) == (0, "subscription sub is active\n")


def test_pause_and_resume_say_so_and_nothing_is_lost(raincheck: CommandLine) -> None:
    """The reason is recorded; what came meanwhile starts its run."""
    index = raincheck.driver.index
    subscribe(index)
    paused = raincheck("subscriptions", "pause", "sub", "--reason", "too dear")
    assert paused.out == "subscription sub is paused\n"
    assert index.subscriptions.read("sub").reason == "too dear"
    raincheck.driver.publish("model")
    advance(index)
    assert index.records.run_ids(10) == []
    assert raincheck("subscriptions", "resume", "sub").out == "subscription sub is active\n"
    advance(index)
    assert index.records.run_ids(10) == ["sub+1+model@1"]


def test_delete_forgets_it_and_leaves_its_runs(raincheck: CommandLine) -> None:
    """Without a terminal nobody is asked."""
    index = raincheck.driver.index
    subscribe(index)
    raincheck.driver.publish("model")
    advance(index)
    answer = raincheck("subscriptions", "delete", "sub")
    assert answer.out == "subscription sub is deleted; its live runs (1) go on\n"
    assert index.subscriptions.names() == []
    assert index.records.run_ids(10) == ["sub+1+model@1"]


@pytest.mark.parametrize("command", ["show", "pause", "resume", "delete", "test"])
def test_an_unknown_one_is_one_line_with_near_names(raincheck: CommandLine, command: str) -> None:
    """And exit code 2."""
    subscribe(raincheck.driver.index, "double_model")
    more = ["model"] if command == "test" else []
    answer = raincheck("subscriptions", command, "duoble_model", *more)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: no subscription is named 'duoble_model'; did you mean double_model?\n"
    )


def test_test_says_of_each_part_whether_the_version_satisfies_it(raincheck: CommandLine) -> None:
    """With the value that it has there; nothing is changed."""
    index = raincheck.driver.index
    subscribe(index, "sub", GOOD)
    raincheck.driver.publish("model", MSE=0.31)
    advance(index)
    before = ask(index, "HGETALL", key(index, "sub:sub"))
    assert _lines(raincheck, "subscriptions", "test", "sub", "model@1") == [
        "model@1 for subscription sub",
        "published model: no",
        "MSE<0.2: 0.31, no",
        "tagged good: no tag, no",
        "it has not matched, and would not now",
        "its run would be called sub+1+model@1",
    ]
    assert ask(index, "HGETALL", key(index, "sub:sub")) == before
    raincheck.driver.publish("model", MSE=0.1)
    index.versions.tag("model", None, "good")
    advance(index)
    lines = _lines(raincheck, "subscriptions", "test", "sub", "model")
    assert lines[1:] == [
        "published model: yes",
        "MSE<0.2: 0.1, yes",
        "tagged good: good, yes",
        "it has matched already: run sub+1+model@2; a version matches once",
    ]
    document = raincheck.document("subscriptions", "test", "sub", "model@2")
    assert (document["satisfied"], document["match"]["run"]) == (True, "sub+1+model@2")


def test_test_knows_aliases_publishers_and_the_version_before(raincheck: CommandLine) -> None:
    """What a version has there is said in words."""
    index = raincheck.driver.index
    subscribe(index, "sub", (version_of(by="p", changed=True), alias_of()), group=NEWEST)
    raincheck.driver.publish("model")
    raincheck.driver.publish("model")
    index.versions.set_alias(nonce(), "model", "prod", "2")
    lines = _lines(raincheck, "subscriptions", "test", "sub", "model:prod")
    assert lines[1:] == [
        "any of: yes",
        "published model: no",
        "by p: by hand, no",
        "changed: the same bytes as model@1, no",
        "moved model:prod: yes",
        "a move of the alias prod to it would match, each time",
        "its run would be called sub+1+<id of its last event>",
    ]
    lines = _lines(raincheck, "subscriptions", "test", "sub", "model@1")
    assert "moved model:prod: no alias names model@1, no" in lines


def test_test_refuses_an_artifact_that_no_condition_is_about(raincheck: CommandLine) -> None:
    """It says what the subscription is about."""
    subscribe(raincheck.driver.index)
    answer = raincheck("subscriptions", "test", "sub", "data@1")
    assert answer.code == 2
    assert answer.err.endswith("no condition of sub is about 'data@1'. It is about model\n")


def test_backfill_counts_and_then_starts(raincheck: CommandLine) -> None:
    """A dry run changes nothing; what had its run is passed by; show says how far it is."""
    index = raincheck.deployment.index
    driver = Driver(index)
    for _ in range(3):
        driver.publish("model")
    subscribe(index)
    driver.publish("model")
    advance(index)
    command = ("subscriptions", "backfill", "sub", "--since", "1")
    counted = ["3 versions would match, 1 of them had a run and are passed by"]
    counted.append("2 runs, for model@2 to model@3")
    assert _lines(raincheck, *command, "--dry-run") == counted
    assert index.backfills.all("sub") == []
    begun = "backfill 1 of sub is begun, 1 runs at a time: see raincheck subscriptions show sub"
    assert _lines(raincheck, *command, "--limit", "1") == [*counted, begun]
    advance(index)
    shown = _lines(raincheck, "subscriptions", "show", "sub")
    (line,) = [line for line in shown if line.startswith("backfill 1")]
    assert line.startswith("backfill 1 up to revision 4: has looked at all, ")
    assert line.endswith(" ago, 1 live, 1 pending")
    assert "counts: 3 matched = 2 in 2 runs + 1 pending" in shown
    driver.finish(driver.adopt("sub+1+model@2", PLAIN), "a")
    advance(index)
    passed = "3 versions would match, 3 of them had a run and are passed by"
    assert _lines(raincheck, *command) == [passed, "nothing to start"]


def test_a_backfill_may_start_all_again(raincheck: CommandLine) -> None:
    """Said as a document, too."""
    index = raincheck.deployment.index
    subscribe(index)
    for _ in range(4):
        Driver(index).publish("model")
    advance(index)
    command = ("subscriptions", "backfill", "sub", "--since", "1", "--again", "--dry-run")
    assert raincheck.document(*command) == {
        "plan": {"versions": 3, "passed": 0, "runs": 3, "first": "model@2", "last": "model@4"},
        "backfill": None,
    }


def test_backfill_takes_a_time_and_refuses_what_is_none(raincheck: CommandLine) -> None:
    """Versions that were published since."""
    index = raincheck.deployment.index
    Driver(index).publish("model")
    subscribe(index)
    later = _lines(raincheck, "subscriptions", "backfill", "sub", "--since", "2100-01-01")
    assert later == ["0 versions would match", "nothing to start"]
    answer = raincheck("subscriptions", "backfill", "sub", "--since", "yesterday")
    assert answer.code == 2
    assert "neither a revision nor a time" in answer.err
    answer = raincheck("subscriptions", "backfill", "other", "--since", "0")
    assert answer.code == 2
    assert "no subscription is named 'other'" in answer.err
