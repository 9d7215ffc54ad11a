"""Fixtures that more than one folder of tests uses."""

import os
import signal
from collections.abc import Generator

import pytest

from raincheck.index import Index
from tests.support.driver import Driver
from tests.support.key_leaks import key_leaks
from tests.support.measuring import without_coverage
from tests.support.servers import fake_index, running_server
from tests.support.servers import valkey_index as fresh_valkey_index


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_works() -> None:
    """A shell starts what runs in its background deaf to SIGINT, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it."""
    for name in list(os.environ):  # noqa: TID251 - to remove them, not to read a setting
        if name.startswith(("RAINCHECK_", "OPENLINEAGE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """For a test that runs lines often which others measure; nor do its new processes count."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    with without_coverage():
        yield


@pytest.fixture(scope="session")
def valkey_url() -> Generator[str]:
    """A real server for the whole test run."""
    with running_server() as url:
        yield url


@pytest.fixture
def valkey_index(valkey_url: str) -> Generator[Index]:
    """An empty index on a real server."""
    index = fresh_valkey_index(valkey_url)
    yield index
    index.connection.close()


@pytest.fixture(params=["fakeredis", "valkey"])
def index(request: pytest.FixtureRequest) -> Generator[Index]:
    """An empty index, on each server that must behave alike."""
    if request.param == "fakeredis":
        index = fake_index()
    else:
        index = fresh_valkey_index(request.getfixturevalue("valkey_url"))
    yield index
    index.connection.close()


@pytest.fixture
def driver(index: Index) -> Generator[Driver]:
    """Users and workers of an index; afterwards nothing may be left that nobody would remove."""
    yield Driver(index)
    assert key_leaks(index) == []
