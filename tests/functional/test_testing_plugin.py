"""`raincheck.testing` in a project of its own, with warnings as errors."""

import pytest

pytestmark = pytest.mark.functional
pytest_plugins = ["pytester"]

STEPS = """
from celery import Celery
from raincheck import Client, pipeline, step
from raincheck_workers import install

install(Celery("theirs", broker="redis://127.0.0.1:1"))  # no test shall send there

@step(queue="gpu")
def double(value: float) -> float:
    return 2 * value

@step
def refuse(value: float) -> float:
    raise ValueError("not this one")

@pipeline
def double_newest() -> float:
    return double(Client().get_artifact_version("number"))

@pipeline
def refused() -> float:
    return refuse(1.0)
"""

TESTS = """
import sys
import pytest
from raincheck import Deployment, RunStatus, save_artifact
from raincheck.testing import bound_to, last_run, wait_until_waiting
from steps import double_newest, refused

@pytest.mark.parametrize("number", [1.0, 2.0])
def test_each_test_has_an_empty_memory(raincheck_memory, number):
    with pytest.raises(LookupError):
        last_run(raincheck_memory)
    save_artifact(number, "number")
    assert double_newest() == 2 * number
    assert bound_to(last_run(raincheck_memory), "double") == {"number:latest": "number@1"}
    assert isinstance(raincheck_memory, Deployment)

def test_memory_records_what_is_queued(raincheck_memory):
    run = double_newest.delay()
    assert run.status() is RunStatus.QUEUED
    with pytest.raises(TimeoutError, match="it does not wait"):
        wait_until_waiting(run, timeout=0.01)

@pytest.mark.parametrize("number", [1.0, 2.0])
def test_a_worker_runs_what_is_queued(raincheck_worker, number):
    run = double_newest.delay()
    assert "'number' has no versions yet" in wait_until_waiting(run)
    assert bound_to(run, "double") == {}
    save_artifact(number, "number")
    assert run.get(timeout=20) == 2 * number
    with pytest.raises(LookupError, match="it has double"):
        bound_to(run, "treble")

def test_a_failure_is_the_runs(raincheck_worker):
    with pytest.raises(Exception, match="not this one"):
        refused.delay().get(timeout=20)

def test_a_server_without_a_worker(raincheck_server):
    assert double_newest.delay().status() is RunStatus.QUEUED
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with steps and the plugin."""
    pytester.makeconftest("pytest_plugins = ['raincheck.testing']")
    pytester.makepyfile(steps=STEPS, test_steps=TESTS)
    return pytester


def test_the_fixtures_serve_a_project(project: pytest.Pytester) -> None:
    """Each test has a deployment of its own; what is queued runs where there is a worker."""
    shown = project.runpytest_subprocess("-W", "error", "-p", "no:randomly", timeout=50)
    shown.assert_outcomes(passed=7)


def test_the_plugin_loads_nothing_before_it_is_used(project: pytest.Pytester) -> None:
    """Neither fakeredis nor what workers need, and no folder of a server is made."""
    project.makepyfile(
        test_steps="""
        import sys

        def test_nothing():
            loaded = {"fakeredis", "raincheck_workers", "pandas"} & set(sys.modules)
            assert loaded == set()
        """
    )
    project.runpytest_subprocess("-W", "error", timeout=50).assert_outcomes(passed=1)
