"""`raincheck namespaces`, and what other commands say of a fall-back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from raincheck.index import Index
from raincheck_workers.fitness.check import Check, Verdict
from raincheck_workers.fitness.namespace import namespace_checks
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.command_line import CommandLine, command_line
from tests.support.driver import Driver
from tests.support.dumps import ask, key_names
from tests.support.overlaid import beside, fill
from tests.support.servers import fake_index


@pytest.fixture
def raincheck(tmp_path: Path) -> Iterator[CommandLine]:
    """The command line of an empty deployment."""
    with command_line(tmp_path) as command:
        yield command


@pytest.fixture
def production() -> Driver:
    """Another namespace of the same server, with three versions of `m`."""
    driver = Driver(fake_index())
    fill(driver)
    return driver


@pytest.fixture
def name(raincheck: CommandLine, production: Driver) -> str:
    """Of that namespace; the command line's falls back to it."""
    name = production.index.namespace
    here = raincheck.deployment.index.namespace
    assert raincheck("namespaces", "fallback").out == f"{here} has no fall-back\n"
    assert raincheck("namespaces", "fallback", name).out == f"{here} falls back to {name}\n"
    return name


def test_a_fallback_is_listed_and_taken_away(raincheck: CommandLine, name: str) -> None:
    """The list shows all namespaces of the server."""
    here = raincheck.deployment.index.namespace
    found = {item["name"]: item for item in raincheck.document("namespaces", "list")}
    assert (found[here]["fallback"], found[name]["fallback"]) == (name, None)
    assert (found[here]["artifacts"], found[name]["artifacts"]) == (0, 1)
    assert f"{here} (this one)" in raincheck("namespaces", "list").out
    assert raincheck("namespaces", "fallback", "--none").out == f"{here} has no fall-back\n"
    refused = raincheck("namespaces", "fallback", here)
    assert (refused.code, "that is itself" in refused.err) == (2, True)
    both = raincheck("namespaces", "fallback", name, "--none")
    assert (both.code, "Give one of the two" in both.err) == (2, True)


def test_what_is_read_from_the_fallback_says_so(raincheck: CommandLine, name: str) -> None:
    """In every list and page, until there is an own version."""
    assert f"{name}/m@3" in raincheck("resolve", "m").out
    assert raincheck.document("resolve", "m?min=MSE")["bindings"]["m?min=MSE"]["namespace"] == name
    assert f"{name}/m" in raincheck("artifacts", "list").out
    assert raincheck.document("artifacts", "list")[0]["namespace"] == name
    assert f"{name}/m: the newest 3 of 3 versions" in raincheck("artifacts", "show", "m").out
    assert f"{name}/m@3" in raincheck("artifacts", "show", "m:production").out
    assert f"{name}/m: newest first" in raincheck("artifacts", "versions", "m").out
    raincheck.driver.publish("m")
    for command in (("resolve", "m"), ("artifacts", "list"), ("artifacts", "show", "m")):
        assert f"{name}/" not in raincheck(*command).out


def test_runs_and_lineage_name_the_namespace(raincheck: CommandLine, name: str) -> None:
    """What a step was bound to, and what a version came from; it is told once by each."""
    driver = raincheck.driver
    spec = pipeline(step("s", "m?min=MSE", "m?min=MSE#/MSE", outputs=["x"]))
    run = driver.submit(spec)
    driver.finish(run, "s", new_version("x", output="x"))
    down = raincheck("lineage", "m@1", "--down").out
    assert down.startswith(f"{name}/m@1")
    assert "x@1" in down
    assert raincheck("artifacts", "history", "m", "--alias", "production").out.count("\n") > 1
    raincheck.driver.publish("m")
    assert f"{name}/1" in raincheck("runs", "show", run).out
    words = raincheck("runs", "inputs", run).out
    here = raincheck.deployment.index.namespace
    assert f"p0: m?min=MSE became {name}/m@1 at revision" in words
    assert f"the least MSE, in '{name}': '{here}' had none of its own" in words
    raincheck("namespaces", "fallback", "--none")
    raincheck("namespaces", "fallback", name)
    found = raincheck.document("runs", "inputs", run)
    assert found[0]["versions"] == [f"{name}/m@1"]


def test_what_is_missing_is_looked_for_in_both(raincheck: CommandLine, name: str) -> None:
    """With names that are near, of both."""
    here = raincheck.deployment.index.namespace
    Driver(Index(beside(raincheck.deployment.index, name))).publish("trained_model")
    error = raincheck("resolve", "trained_modle").err
    assert f"neither in '{here}' nor in '{name}'; did you mean trained_model?" in error
    run = raincheck.driver.submit(pipeline(step("s", "trained_modle")))
    raincheck.driver.parked(run, "s")
    words = raincheck("runs", "why", run).out
    assert f"neither in '{here}' nor in '{name}'" in words.replace("\n", " ")


def test_what_is_only_read_is_not_changed(raincheck: CommandLine, name: str) -> None:
    """The error says whose it is and what to do."""
    refused = raincheck("artifacts", "alias", "m", "production", "1")
    assert refused.code == 2
    assert f"m@1 is of namespace '{name}'" in refused.err
    assert f"RAINCHECK_NAMESPACE={name}" in refused.err


def test_a_namespace_is_deleted_with_all_its_keys(raincheck: CommandLine, name: str) -> None:
    """Not without a yes, not one that is needed, and no other with it."""
    asked = raincheck("namespaces", "delete", name)
    assert (asked.code, "Give --yes" in asked.err) == (2, True)
    needed = raincheck("namespaces", "delete", name, "--yes")
    assert "would have nothing to fall back to" in needed.err
    raincheck("namespaces", "fallback", "--none")
    here = raincheck.deployment.index
    raincheck.driver.publish("x")
    kept = key_names(here)
    assert f"namespace {name} is deleted" in raincheck("namespaces", "delete", name, "--yes").out
    assert ask(here, "KEYS", f"rc:{{{name}}}:*") == []
    assert key_names(here) == kept
    assert "there is no namespace" in raincheck("namespaces", "delete", name, "--yes").err


def _checks(raincheck: CommandLine, wanted: str | None) -> Check:
    deployment = raincheck.deployment
    settings = deployment.settings.model_copy(update={"fallback_namespace": wanted})
    (check,) = namespace_checks(deployment.index.connection, settings)
    return check


def test_the_doctor_compares_setting_and_record(raincheck: CommandLine, production: Driver) -> None:
    """A worker does not start where they differ; an empty fall-back may be a slip of the pen."""
    name, index = production.index.namespace, raincheck.deployment.index
    assert _checks(raincheck, None).found == f"{index.namespace}; it has no fall-back"
    index.overlay.change(name)
    for wanted in (None, name):
        check = _checks(raincheck, wanted)
        assert (check.verdict, "which has 1 artifacts" in check.found) == (Verdict.OK, True)
    other = _checks(raincheck, "staging")
    assert other.verdict is Verdict.PROBLEM
    assert other.remedy.endswith("raincheck namespaces fallback staging")
    production.index.overlay.change(f"third-{nonce()}")
    assert "is not read" in _checks(raincheck, None).found
    index.overlay.change(f"empty-{nonce()}")
    assert _checks(raincheck, None).verdict is Verdict.WARNING
