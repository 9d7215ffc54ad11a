"""A process that dies at any point of publishing, queueing and working loses nothing."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from raincheck import Deployment, RunHandle, Settings, load_artifact, use_deployment
from raincheck.blobs import LocalBlobStore
from raincheck.blobs.base import Blob
from raincheck.index import Connection
from raincheck.index.library import library_source
from raincheck_contracts.runs import RunStatus
from tests.crash.operation import LONG, operate, recover
from tests.crash.points import Points
from tests.support.deployments import sent
from tests.support.key_leaks import key_leaks
from tests.support.servers import fresh_namespace, running_server

#: What mutants replace: private, and no interface of the product.
_CALL, _PATH = "_fcall", "_path"
ARTIFACTS = ("given_text", "doubled_text", "counted_text")


@pytest.fixture
def server() -> Generator[str]:
    """A server of the test's own: mutants change its library."""
    with running_server() as url:
        yield url


def _deployment(url: str, folder: Path) -> Deployment:
    settings = Settings(
        home=folder, url=url, namespace=fresh_namespace(), broker_url="memory://", lease=10
    )
    return Deployment(settings, blobs=LocalBlobStore(folder / "blobs", durable=True))


def _child(deployment: Deployment, folder: Path, deadly: int, mutate: Callable[[], None]) -> bool:
    """Operate in a process that dies at a point; whether it came to its end."""
    points = Points(deadly, folder / "points")
    child = os.fork()
    if child == 0:
        try:
            mutate()
            points.install()
            operate(deployment, folder / "told")
            points.survived()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def _check(deployment: Deployment, told: list[str]) -> None:
    """Each thing once, whole, and all of it that somebody was told of."""
    index = deployment.index
    versions = {name: list(index.records.versions(name)) for name in ARTIFACTS}
    assert all(len(found) <= 1 for found in versions.values()), versions
    runs = list(index.records.run_ids(10))
    assert len(runs) <= 1
    assert len(versions["given_text"]) >= min(1, len(told))
    assert set(told[1:]) <= set(runs)
    for name in runs:
        handle = RunHandle(name, deployment)
        assert handle.status() is RunStatus.SUCCEEDED, handle.why()
        assert handle.get(timeout=1) == f"{2 * len(LONG)} {LONG * 2}"
        assert all(versions.values())
    with use_deployment(deployment):
        for name in (name for name, found in versions.items() if found):
            assert len(load_artifact(name)) >= len(LONG)  # type: ignore[arg-type] # a text
    assert key_leaks(index) == []


def _die_everywhere(url: str, folder: Path, mutate: Callable[[], None] = lambda: None) -> list[str]:
    """Die at point after point until there is none left; the names of all."""
    deadly = 1
    while True:
        place = folder / str(deadly)
        place.mkdir()
        deployment = _deployment(url, place)
        sent(deployment)
        survived = _child(deployment, place, deadly, mutate)
        recover(deployment)
        told = place / "told"
        _check(deployment, told.read_text().split() if told.exists() else [])
        deployment.hints.app.close()
        deployment.index.connection.close()
        if survived:
            return (place / "points").read_text().splitlines()
        deadly += 1


@pytest.mark.timeout(180)
def test_a_death_at_any_point_loses_and_doubles_nothing(server: str, tmp_path: Path) -> None:
    """Every call and every write of a file, before and after it."""
    points = _die_everywhere(server, tmp_path)
    kinds = Counter(point.split()[1] for point in points)
    print(f"{len(points)} points: {dict(kinds)}")
    assert {"publish", "submit", "claim", "complete", "fail", "send", "rename", "fsync"} <= set(
        kinds
    )


def _entry_before_bytes() -> None:
    """The bytes get their name only after the index has the version."""
    late: list[tuple[Path, Path]] = []
    call: Any = getattr(Connection, _CALL)

    def keep(store: LocalBlobStore, fd: int, temporary: Path, blob: Blob) -> None:
        del fd
        kept = temporary.with_suffix(".late")
        os.link(temporary, kept)
        late.append((kept, getattr(store, _PATH)(blob.digest)))

    def then_name(connection: Connection, *arguments: object, **options: object) -> object:
        reply = call(connection, *arguments, **options)
        if {"complete", "publish"} & set(map(str, arguments[1:2])):
            for kept, target in late:
                target.parent.mkdir(parents=True, exist_ok=True)
                kept.replace(target)
            late.clear()
        return reply

    LocalBlobStore.publish = keep  # type: ignore[method-assign,assignment]
    setattr(Connection, _CALL, then_name)


@pytest.mark.timeout(180)
def test_an_entry_before_its_bytes_is_noticed(server: str, tmp_path: Path) -> None:
    """Mutant: between the two, a version has no bytes."""
    with pytest.raises(Exception, match="blob"):
        _die_everywhere(server, tmp_path, _entry_before_bytes)


@pytest.mark.timeout(180)
def test_a_hint_without_a_row_is_noticed(server: str, tmp_path: Path) -> None:
    """Mutant: a message that dies with its sender is never sent again."""
    row = 'Batch.write("ZADD", call:key("hints:", queue), rows)'
    mutant = library_source().replace(row, "local _ = rows")
    connection = Connection(server, fresh_namespace())
    connection.client.execute_command("FUNCTION", "LOAD", "REPLACE", mutant)
    with pytest.raises(AssertionError, match="status"):
        _die_everywhere(server, tmp_path)
    connection.close()
