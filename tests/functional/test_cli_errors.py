"""Errors that a person can act on: one line, an exit code, no traceback; each a real command."""

import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.odd_servers import free_port, old_server, tcp_server, web_server

pytestmark = pytest.mark.functional

MODULE = """
from raincheck import ExternalArtifact, pipeline, step


@step
def use(x: object, n: int) -> None: ...


@pipeline
def given(n: int = 1) -> None:
    use(ExternalArtifact(value=bytes(10_000)), n)
"""

LIST = ("runs", "list")
GIVEN = ("enqueue", "needs_store:given")


@contextmanager
def _replica() -> Generator[int]:
    with tcp_server() as primary, tcp_server("--replicaof", f"127.0.0.1 {primary}") as port:
        yield port


@dataclass(frozen=True)
class Case:
    """A command against a server, and what it must say."""

    words: tuple[str, ...]
    server: Callable[[], AbstractContextManager[int]] = lambda: nullcontext(free_port())
    url: str = "redis://127.0.0.1:{port}/0"
    command: tuple[str, ...] = LIST
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    code: int = 2


CASES = {
    "no server": Case(("does not answer", "Connection refused", "Start it, or set RAINCHECK_URL")),
    "no such scheme": Case(
        ("redis://, rediss://, unix://", "Correct RAINCHECK_URL"), url="http://x"
    ),
    "a web server": Case(("something else listens", "Correct host and port"), web_server),
    "no password": Case(("wants a password", "Put it"), lambda: tcp_server("--requirepass", "x")),
    "wrong password": Case(
        ("refuses the password", "Correct the password"),
        lambda: tcp_server("--requirepass", "x"),
        "redis://:secret@127.0.0.1:{port}/0",
    ),
    "TLS against plain": Case(
        ("does not speak TLS", "Write redis://"),
        tcp_server,
        "rediss://127.0.0.1:{port}/0?socket_timeout=1",
    ),
    "too old": Case(("Redis 7 or Valkey is needed", "Upgrade the server"), old_server),
    "full": Case(("is full", "more memory"), lambda: tcp_server("--maxmemory", "1")),
    "a replica": Case(("read-only replica", "primary server"), _replica),
    "no such database": Case(
        ("no database of that number",), tcp_server, "redis://127.0.0.1:{port}/99"
    ),
    "a worker on a server that evicts": Case(
        ("allkeys-lru", "Set it to noeviction"),
        lambda: tcp_server("--maxmemory-policy", "allkeys-lru"),
        command=("worker", "needs_store"),
    ),
    "a worker without a server": Case(("does not answer",), command=("worker", "needs_store")),
    "dev without a server": Case(("does not answer",), command=("dev", "needs_store")),
    "no such module": Case(
        ("cannot import 'absent_module'", "Looked in"),
        tcp_server,
        command=("worker", "absent_module"),
    ),
    "no such parameter": Case(
        ("number: is not a parameter",), tcp_server, command=(*GIVEN, "-p", "number=3")
    ),
    "a parameter of another type": Case(
        ("n: Input should be a valid integer", "given 'three'"),
        tcp_server,
        command=(*GIVEN, "-p", "n=three"),
    ),
    "no blobs": Case(
        ("blobs cannot be written to /dev/null/blobs", "Set RAINCHECK_STORE"),
        tcp_server,
        command=GIVEN,
        variables={"RAINCHECK_STORE": "/dev/null/blobs"},
    ),
    "a setting that is none": Case(
        ("RAINCHECK_LEASE", "greater than or equal to 1"), variables={"RAINCHECK_LEASE": "0"}
    ),
    "nothing to resolve": Case(
        ("artifact 'trained' has no versions yet",),
        tcp_server,
        command=("resolve", "trained"),
        code=1,
    ),
}


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder with a module of pipelines."""
    made = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    (made / "needs_store.py").write_text(MODULE, encoding="utf-8")
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_error_is_one_line_that_says_what_to_do(case: Case, folder: Path) -> None:
    """No traceback, no password, nothing on standard output."""
    with case.server() as port:
        variables = {"RAINCHECK_URL": case.url.format(port=port), **case.variables}
        done = run(case.command, folder, variables)
    assert (done.returncode, done.stdout) == (case.code, ""), done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "secret" not in done.stderr
    for words in case.words:
        assert words in done.stderr


def test_debug_shows_the_traceback(folder: Path) -> None:
    """For those who write Raincheck rather than use it."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    done = run(("--debug", *LIST), folder, {"RAINCHECK_URL": url})
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_a_producer_is_warned_once_of_a_server_that_evicts(folder: Path) -> None:
    """It may go on: the data that is lost may be of no use to it any more."""
    with tcp_server("--maxmemory-policy", "allkeys-lru") as port:
        done = run(LIST, folder, {"RAINCHECK_URL": f"redis://127.0.0.1:{port}/0"})
    assert done.returncode == 0
    assert done.stderr.count("maxmemory-policy to noeviction (it is allkeys-lru)") == 1


def test_a_celery_worker_refuses_such_a_server_too(folder: Path) -> None:
    """Started as Celery's own command, it says the same line."""
    with tcp_server("--maxmemory-policy", "allkeys-lru") as port:
        done = run(
            ("-A", "raincheck_workers", "worker", "-I", "needs_store"),
            folder,
            {"RAINCHECK_URL": f"redis://127.0.0.1:{port}/0"},
            program="celery",
        )
    assert done.returncode == 2
    assert "error: the index at redis://127.0.0.1:" in done.stderr
    assert "Set it to noeviction" in done.stderr
