import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, command_line

HEAD = """
from typing import Annotated, Any

from raincheck import lt, pipeline, published, step, triggering


@step
def double(model: float) -> Annotated[float, "doubled"]:
    return 2 * model


@step
def retrain(model: float) -> Annotated[float, "model"]:
    return model


@pipeline
def by_hand() -> None:
    double(1.0)

"""
DOUBLE = """
@pipeline(triggers=[published("model", where={{"MSE": lt({limit})}})])
def double_model() -> None:
    double(triggering("model"))

"""
LOOP = """
@pipeline(triggers=[published("model")])
def again() -> None:
    retrain(1.0)

"""

Write = Callable[..., None]


@pytest.fixture
def raincheck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[CommandLine]:
    """The command line in a folder for modules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with command_line(tmp_path) as command:
        yield command


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the module `deployed`, anew for the next command."""

    def module(*parts: str) -> None:
        (tmp_path / "deployed.py").write_text(HEAD + "".join(parts), encoding="utf-8")
        monkeypatch.delitem(sys.modules, "deployed", raising=False)

    return module


def test_a_new_subscription_is_stored_and_the_same_again_is_not(
    raincheck: CommandLine, write: Write
) -> None:
    """Only the pipelines with triggers; what starts them is said in words."""
    write(DOUBLE.format(limit=0.5))
    answer = raincheck("deploy", "deployed")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "double_model is new: published model where MSE<0.5",
        "double_model is deployed, deployment 1",
    ]
    assert raincheck.deployment.index.subscriptions.names() == ["double_model"]
    again = raincheck("deploy", "deployed")
    assert again.out == "double_model is same: published model where MSE<0.5\n"
    assert raincheck.deployment.index.subscriptions.read("double_model").version == 1


def test_a_changed_one_shows_the_difference_before_it_is_deployed(
    raincheck: CommandLine, write: Write
) -> None:
    """A unified diff of the definition; `--dry-run` leaves it at that."""
    write(DOUBLE.format(limit=0.5))
    raincheck("deploy", "deployed")
    write(DOUBLE.format(limit=0.25))
    looked = raincheck("deploy", "deployed", "--dry-run")
    lines = [line.strip() for line in looked.out.splitlines()]
    assert lines[0] == "double_model is changed: published model where MSE<0.25"
    changed = [line for line in lines if "0.5" in line or "0.25" in line]
    assert ["".join(line.split()) for line in changed[1:]] == ['-"value":0.5', '+"value":0.25']
    assert lines[-1] == "nothing was changed"
    scripts = raincheck.deployment.index.subscriptions
    assert scripts.read("double_model").version == 1
    done = raincheck("deploy", "deployed", "--yes")
    assert done.out.splitlines()[-1] == "double_model is deployed, deployment 2"
    assert scripts.read("double_model").version == 2


def test_a_loop_is_warned_of(raincheck: CommandLine, write: Write) -> None:
    """A pipeline that publishes what starts it."""
    write(LOOP)
    answer = raincheck("deploy", "deployed", "--dry-run")
    assert "  warning: again publishes 'model', which starts it: " in answer.out


def test_what_is_no_longer_in_the_module_stays_and_is_named(
    raincheck: CommandLine, write: Write
) -> None:
    """With its state, and the command that deletes it."""
    write(DOUBLE.format(limit=0.5), LOOP)
    raincheck("deploy", "deployed")
    raincheck("subscriptions", "pause", "again")
    write(DOUBLE.format(limit=0.5))
    answer = raincheck("deploy", "deployed")
    assert answer.err == (
        "again, of deployed:again, is not among what deployed deploys and stays paused; "
        "raincheck subscriptions delete again forgets it\n"
    )
    assert raincheck.document("deploy", "deployed")["left_over"] == ["again"]


def test_json_says_what_each_is(raincheck: CommandLine, write: Write) -> None:
    """One document on standard output; the rest is on standard error."""
    write(DOUBLE.format(limit=0.5), LOOP)
    document = raincheck.document("deploy", "deployed", "--dry-run")
    assert [(item["name"], item["change"]) for item in document["subscriptions"]] == [
        ("double_model", "new"),
        ("again", "new"),
    ]
    assert document["deployed"] is False
    assert raincheck.deployment.index.subscriptions.names() == []


def test_a_module_without_triggers_says_what_to_write(raincheck: CommandLine, write: Write) -> None:
    """One line, exit code 2; imported pipelines are not the module's."""
    write("from tests.functional.subscribed_pipelines import double_model\n")
    answer = raincheck("deploy", "deployed")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: raincheck deploy: no pipeline of 'deployed' has triggers; it has by_hand. "
        'Write @pipeline(triggers=[published("model")])\n'
    )


def test_two_pipelines_of_one_name_are_refused(raincheck: CommandLine, write: Write) -> None:
    """They would be one subscription."""
    write(LOOP, LOOP.replace("def again", "def other"))
    assert raincheck("deploy", "deployed").code == 0
    named = LOOP.replace("@pipeline(", '@pipeline(name="again", ').replace("def again", "def more")
    write(LOOP, named)
    answer = raincheck("deploy", "deployed")
    assert answer.code == 2
    assert "two pipelines of 'deployed' are named 'again'" in answer.err


def test_a_module_that_is_not_there_is_one_line(raincheck: CommandLine) -> None:
    """As for the other commands."""
    answer = raincheck("deploy", "nowhere_to_be_found")
    assert answer.code == 2
    assert answer.err.startswith("error: raincheck deploy: cannot import 'nowhere_to_be_found'")
