"""`raincheck artifacts delete` and `prune`: what is said, and what is refused."""

from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck import Client
from tests.support.builders import nonce
from tests.support.command_line import CommandLine, command_line
from tests.support.subscribing import advance, subscribe


@pytest.fixture
def raincheck(tmp_path: Path) -> Generator[CommandLine]:
    """The command line of a deployment with three versions, the first in production."""
    with command_line(tmp_path) as command:
        for error in (0.5, 0.25, 0.75):
            command.driver.publish("model", MSE=error)
        command.driver.index.versions.set_alias(nonce(), "model", "production", "1")
        yield command


def test_delete_says_what_it_took_away(raincheck: CommandLine) -> None:
    """And that blobs stay; afterwards it is told from a version that never was."""
    done = raincheck("artifacts", "delete", "model@2", "--yes", "--why", "wrong data")
    assert (done.code, done.out) == (0, "deleted model@2\n")
    assert "blobs stay in the store" in done.err
    again = raincheck("artifacts", "delete", "model@2", "--yes")
    assert again.code == 2
    assert "model@2 was deleted on " in again.err
    assert "wrong data. Its name is not used again" in again.err.replace("\n", " ")
    shown = raincheck("artifacts", "show", "model@2")
    assert "version 2 was deleted on " in shown.err.replace("\n", " ")
    events = raincheck("events").out
    assert "ArtifactVersionDeleted" in events
    assert "model@2 is deleted by " in events


def test_an_alias_goes_by_force_only(raincheck: CommandLine) -> None:
    """The refusal names it; the history shows the removal."""
    refused = raincheck("artifacts", "delete", "model@1")
    assert (refused.code, refused.out) == (2, "")
    assert "production is an alias of model@1" in refused.err.replace("\n", " ")
    document = raincheck.document("artifacts", "delete", "model@1", "--force")
    assert (document["version"], document["aliases"]) == ("1", ["production"])
    history = raincheck("artifacts", "history", "model", "--alias", "production").out
    assert "remove" in history


def test_a_member_of_a_model_goes_by_force_only(raincheck: CommandLine) -> None:
    """What it was taken from is told."""
    client = Client(raincheck.deployment)
    client.create_model_version("churn").link("model", 3)
    refused = raincheck("artifacts", "delete", "model@3").err
    assert "model@3 belongs to churn@1 among the models" in refused.replace("\n", " ")
    assert raincheck("artifacts", "delete", "model@3", "--force").out == (
        "deleted model@3, and took it from model churn@1\n"
    )


@pytest.mark.parametrize("reference", ["model", "model:production", "model?min=MSE", "model@1#/a"])
def test_only_a_version_by_its_name_is_deleted(raincheck: CommandLine, reference: str) -> None:
    """Not the one that something else happens to name now."""
    answer = raincheck("artifacts", "delete", reference, "--yes")
    assert answer.code == 2
    assert "names no version by its name" in answer.err
    assert len(raincheck.document("artifacts", "versions", "model")["versions"]) == 3


def test_prune_shows_what_goes_and_what_stays(raincheck: CommandLine) -> None:
    """First without a change, then with it."""
    dry = raincheck("artifacts", "prune", "model", "--keep", "1", "--dry-run")
    assert dry.code == 0
    rows = [line.split() for line in dry.out.splitlines()]
    assert [row[:2] for row in rows if row and row[0] in {"goes", "stays"}] == [
        ["goes", "model@2"],
        ["stays", "model@1"],
        ["stays", "model@3"],
    ]
    assert "2 stay: 1 with an alias, 1 one of the newest 1" in dry.out
    done = raincheck("artifacts", "prune", "model", "--keep", "1", "--yes")
    assert "deleted 1 version\n" in done.out
    assert "blobs stay in the store" in done.err
    left = raincheck.document("artifacts", "versions", "model")["versions"]
    assert [version["version"] for version in left] == ["3", "1"]
    nothing = raincheck.document("artifacts", "prune", "--keep", "1", "--yes")
    assert (nothing["dry_run"], nothing["goes"], len(nothing["stays"])) == (False, [], 2)


def test_a_long_table_is_cut_and_progress_is_told(raincheck: CommandLine) -> None:
    """50 rows of each kind, and a line every 100 deletions."""
    for _ in range(120):
        raincheck.driver.publish("many")
    done = raincheck("artifacts", "prune", "many", "--keep", "1", "--yes")
    assert "... 69 more" in done.out
    assert "deleted 119 versions" in done.out
    assert "100 deleted, up to many@100" in done.err


def test_prune_without_a_rule_is_refused(raincheck: CommandLine) -> None:
    """All versions would go."""
    answer = raincheck("artifacts", "prune", "model", "--yes")
    assert answer.code == 2
    assert "no condition is given" in answer.err


def test_lineage_shows_a_deleted_version(raincheck: CommandLine) -> None:
    """In the tree, and as a page."""
    raincheck("artifacts", "delete", "model@2", "--yes")
    assert "model@2 was deleted on " in raincheck("lineage", "model@2").out
    assert "deleted" in raincheck("lineage", "model@2", "--format", "html").out
    assert "was deleted on" in raincheck("lineage", "model@2", "--format", "mermaid").out


def test_why_tells_of_events_of_a_deleted_version(raincheck: CommandLine) -> None:
    """One that started nothing because of it, one that nobody had looked at, the deletion."""
    index = raincheck.driver.index
    subscribe(index, limit=1)
    for _ in range(2):
        raincheck.driver.publish("model")
        advance(index)
    waited = index.events.newest(1)[0].id
    raincheck("artifacts", "delete", "model@5", "--yes")
    deleted = index.events.newest(1)[0].id
    index.runs.cancel(index.records.run_ids(1)[0], "makes room")
    advance(index)
    raincheck.driver.publish("model")
    unseen = index.events.newest(1)[0].id
    raincheck("artifacts", "delete", "model@6", "--yes")
    advance(index)
    told = [raincheck.document("why", event)["subscriptions"] for event in (waited, unseen)]
    assert [[one["became"] for one in concerns] for concerns in told] == [
        ["deleted"],
        ["not matched"],
    ]
    texts = [concerns[0]["reasons"][0]["text"] for concerns in told]
    assert texts[0] == "the version was deleted before a run had started for it"
    assert texts[1] == "the version was deleted since: what it was like is not known any more"
    assert raincheck.document("why", deleted)["subscriptions"] == []
    assert "1 deleted" in raincheck("subscriptions", "show", "sub").out
