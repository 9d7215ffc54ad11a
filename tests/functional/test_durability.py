"""What reaches the disk, in which order: seen from outside, by tracing a real process."""

import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from raincheck import Deployment, Settings
from raincheck.index import Connection, Index
from tests.support.commands import environment
from tests.support.odd_servers import tcp_server
from tests.support.programs import program
from tests.support.servers import fresh_namespace
from tests.support.workers import ROOT

pytestmark = pytest.mark.functional

#: More than the index keeps itself.
SAVE = """
from raincheck import save_artifact
from raincheck_contracts.errors import BlobWriteError
try:
    print(save_artifact("long " * 4_000, "text").version)
except BlobWriteError as error:
    print(error)
"""
CALLS = "trace=write,writev,fsync,fdatasync,rename,renameat,renameat2,sendto"


@pytest.fixture
def index() -> Generator[Index]:
    """On a server that syncs each write."""
    with tcp_server("--appendonly", "yes", "--appendfsync", "always") as port:
        index = Index(Connection(f"redis://127.0.0.1:{port}/0", fresh_namespace()))
        yield index
        index.connection.close()


def _traced(index: Index, folder: Path, durability: str, *options: str) -> tuple[str, list[str]]:
    """What the process said, and its calls about blobs and to the index, in order."""
    trace = folder / "trace"
    settings = {
        "RAINCHECK_HOME": str(folder / "home"),
        "RAINCHECK_URL": index.connection.url,
        "RAINCHECK_NAMESPACE": index.namespace,
        "RAINCHECK_DURABILITY": durability,
    }
    command = [program("strace"), "-f", "-y", "-s", "300", "-o", str(trace), "-e", CALLS, *options]
    done = subprocess.run(
        [*command, sys.executable, "-c", SAVE],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    calls = [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines()]
    return done.stdout, [
        line for line in calls if re.search(r"^\w+\([^,]*/blobs|rc1_publish", line)
    ]


def _order(calls: list[str]) -> list[str]:
    """The calls by their names, repetitions left out."""
    kinds = [re.split(r"\W", call)[0] for call in calls]
    kinds = [
        {"sendto": "publish", "renameat": "rename", "writev": "write"}.get(k, k) for k in kinds
    ]
    return [kind for i, kind in enumerate(kinds) if i == 0 or kinds[i - 1] != kind]


def test_strict_durability_syncs_bytes_and_name_before_it_publishes(
    index: Index, tmp_path: Path
) -> None:
    """Write, sync the file, name it, sync the folders, and only then tell the index."""
    said, calls = _traced(index, tmp_path, "strict")
    assert said == "1\n"
    assert _order(calls) == ["write", "fsync", "rename", "fsync", "publish"]
    synced = [call for call in calls if call.startswith("fsync")]
    assert "/blobs/tmp/" in synced[0], "the file itself"
    assert all("/blobs/tmp/" not in call for call in synced[1:]), "the folders of its name"


def test_relaxed_durability_syncs_nothing(index: Index, tmp_path: Path) -> None:
    """A power cut may lose the newest blobs; the order of the names is the same."""
    said, calls = _traced(index, tmp_path, "relaxed")
    assert said == "1\n"
    assert _order(calls) == ["write", "rename", "publish"]


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_sync_that_fails_is_a_publication_that_fails(
    index: Index, tmp_path: Path, error: str
) -> None:
    """After an error the kernel may have dropped the pages: trying again would lie."""
    said, calls = _traced(index, tmp_path, "strict", "-e", f"inject=fsync:error={error}")
    assert "cannot be written" in said or "No space" in said or "Input/output" in said
    assert _order(calls) == ["write", "fsync"]
    assert len([call for call in calls if call.startswith("fsync")]) == 1
    assert index.records.version_count("text") == 0
    home = tmp_path / "home"
    store = Deployment(Settings(home=home, url=index.connection.url)).settings.blob_folder
    assert [path for path in store.rglob("*") if path.is_file()] == []
