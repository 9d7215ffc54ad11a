"""A branch reads production's models until it has its own; a worker of its own runs it."""

import time
from collections.abc import Generator
from typing import Annotated

import pytest

from raincheck import (
    Client,
    Deployment,
    RunStatus,
    Settings,
    current_deployment,
    log_metadata,
    pipeline,
    save_artifact,
    step,
    use_deployment,
)
from raincheck.index import Connection, Index
from raincheck.testing.worker import running_worker
from raincheck_contracts.errors import (
    FallbackError,
    IndexProtocolError,
    ReadOnlyVersionError,
    StepFailedError,
)
from raincheck_workers.start_check import check_server
from tests.support.dumps import ask, dump
from tests.support.odd_servers import free_port, tcp_server
from tests.support.servers import fresh_namespace
from tests.support.waiting import wait_until
from tests.support.workers import Fleet, running_fleet

pytestmark = pytest.mark.functional

_LARGE = 20_000  # bytes: more than the index keeps itself


@step
def fit(letter: str) -> Annotated[bytes, "branch_model"]:
    """A model whose bytes are a blob."""
    log_metadata({"MSE": float(ord(letter))})
    return letter.encode() * _LARGE


@pipeline
def train(letter: str) -> None:
    """Publishes a model."""
    fit(letter)


@step
def use(model: bytes, error: float) -> Annotated[str, "branch_report"]:
    """What the model is made of."""
    return f"{model[:1].decode()} {len(model)} {error:g}"


@pipeline
def consume() -> str:
    """Takes the best model with its metric."""
    best = Client().get_artifact_version("branch_model", best="MSE", mode="min")
    return use(best, best.run_metadata["MSE"].value)


@step
def annotate(model: bytes) -> None:
    """Would change what is not the branch's."""
    log_metadata({"seen": len(model)}, artifact="branch_model", version=1)


@step
def look(value: int) -> int:
    """Takes what may come."""
    return value


@pipeline
def wait_for_it(name: str) -> int:
    """Waits for a number."""
    return look(Client().get_artifact_version(name))


@pytest.fixture
def production(valkey_url: str) -> Generator[Fleet]:
    """A deployment without a worker: what it trains, it trains inline."""
    with running_fleet(valkey_url) as fleet:
        yield fleet


@pytest.fixture
def branch(production: Fleet) -> Generator[Deployment]:
    """A namespace of a branch in use, with a worker, over production and its blobs."""
    settings = production.deployment.settings
    made = Settings(
        home=settings.home,
        url=settings.url,
        namespace=f"branch-{fresh_namespace()}",
        fallback_namespace=settings.namespace,
    )
    deployment = Deployment(made)
    deployment.hints.app.conf.broker_transport_options["polling_interval"] = 0.05
    with use_deployment(deployment), running_worker(deployment):
        yield deployment
    deployment.hints.app.close()
    deployment.index.connection.close()


@pytest.mark.usefixtures("branch")
def test_a_branch_reads_production_until_it_has_its_own(production: Fleet) -> None:
    """Bytes and metric of one version each time; runs, lineage and lists say whose it is."""
    with use_deployment(production.deployment):
        for letter in "ba":
            train(letter)
    name, before = production.deployment.settings.namespace, dump(production.deployment.index)
    first = consume.delay()
    assert first.get(timeout=30) == f"a {_LARGE} 97"
    bound = first.run().steps[0].bindings["branch_model?min=MSE"]
    assert bound.shown == f"{name}/branch_model@2"
    found: bytes = Client().get_artifact_version("branch_model").load()
    assert found == b"a" * _LARGE
    listed = list(Client().list_artifact_versions("branch_model"))
    assert [(one.version, one.namespace) for one in listed] == [("2", name), ("1", name)]
    assert Client().list_artifacts() == ["branch_model", "branch_report"]
    with pytest.raises(ReadOnlyVersionError):
        Client().tag("branch_model", "nightly", "2")
    train.delay("z").wait(timeout=30)
    second = consume.delay()
    assert second.get(timeout=30) == f"z {_LARGE} 122"
    assert second.run().steps[0].bindings["branch_model?min=MSE"].shown == "branch_model@1"
    _compare_lineage(name)
    assert dump(production.deployment.index) == before


def _compare_lineage(name: str) -> None:
    ups = [
        {one.name for one in Client().lineage("branch_report", number, direction="up").versions}
        for number in (1, 2)
    ]
    assert ups == [
        {"branch_report@1", f"{name}/branch_model@2"},
        {"branch_report@2", "branch_model@1"},
    ]
    down = Client().lineage("branch_model", 1, direction="down")
    assert {one.name for one in down.versions} == {"branch_model@1", "branch_report@2"}


def test_a_step_that_waits_wakes_at_productions_first_publication(
    production: Fleet, branch: Deployment
) -> None:
    """Within two seconds, although production knows of nobody who waits."""
    name = f"late-{fresh_namespace()}"
    handle = wait_for_it.delay(name)
    wait_until(lambda: handle.status() is RunStatus.WAITING)
    assert f"nor in {production.deployment.settings.namespace!r}" in handle.why()
    begun = time.monotonic()
    with use_deployment(production.deployment):
        save_artifact(41, name)
    assert handle.get(timeout=10) == 41
    assert time.monotonic() - begun < 2.0
    assert current_deployment() is branch
    waiting = production.deployment.index.connection
    assert waiting.ask([("EXISTS", f"{waiting.prefix}waiting")]) == [0]


@pipeline
def annotating() -> None:
    """Logs metadata to what it reads."""
    annotate(Client().get_artifact_version("branch_model"))


def test_a_step_does_not_annotate_what_production_has(
    production: Fleet, branch: Deployment
) -> None:
    """It fails in words, and production is what it was."""
    with use_deployment(production.deployment):
        train("a")
    before = dump(production.deployment.index)
    handle = annotating.delay()
    with pytest.raises(StepFailedError, match="branch_model@1 is of namespace"):
        handle.get(timeout=30)
    assert branch.index.overlay.fallback() == production.deployment.settings.namespace
    assert dump(production.deployment.index) == before


def test_a_worker_with_another_fallback_does_not_start(branch: Deployment) -> None:
    """One without the setting does, and reads what is recorded."""
    for fallback in (branch.settings.fallback_namespace, None):
        changes = {"fallback_namespace": fallback}
        check_server(Deployment(branch.settings.model_copy(update=changes)))
    wrong = branch.settings.model_copy(update={"fallback_namespace": "staging"})
    with pytest.raises(IndexProtocolError, match="cannot fall back to 'staging'"):
        check_server(Deployment(wrong))


def test_a_cluster_has_no_fallback() -> None:
    """The two namespaces would lie in two slots: refused before anything is recorded."""
    # The default, the port and 10,000, is no port when the port is a high one.
    bus = ("--cluster-port", str(free_port()))
    with tcp_server("--cluster-enabled", "yes", *bus) as port:
        url = f"redis://127.0.0.1:{port}/0"
        plain = Index(Connection(url, "dev"))
        ask_slots = ("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        plain.connection.probe([ask_slots])
        wait_until(lambda: b"cluster_state:ok" in plain.connection.probe([("CLUSTER", "INFO")])[0])
        index = Index(Connection(url, "dev", fallback="production"))
        with pytest.raises(FallbackError, match="in a cluster"):
            index.records.revision()
        assert ask(plain, "HGET", "rc:{dev}:index", "fallback") is None
        with pytest.raises(FallbackError, match="in a cluster"):
            plain.overlay.change("production")
        plain.connection.close()
