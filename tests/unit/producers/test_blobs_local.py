"""The folder of blobs: modes, renames, damage, and writers at the same time."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from raincheck.blobs import Blob, LocalBlobStore, digest_of, verified
from raincheck_contracts.errors import BlobCorruptError, BlobMissingError

LARGE = 2 * 1024 * 1024


@pytest.fixture
def store(tmp_path: Path) -> LocalBlobStore:
    """An empty store; its folder does not exist yet."""
    return LocalBlobStore(tmp_path / "blobs")


def _file(store: LocalBlobStore, blob: Blob) -> Path:
    hexadecimal = blob.digest.removeprefix("b3:")
    return Path(store.place) / "b3" / hexadecimal[:2] / hexadecimal


def _overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def _files(store: LocalBlobStore) -> list[Path]:
    return [path for path in Path(store.place).rglob("*") if path.is_file()]


def test_blob_file_is_named_by_digest_and_read_only(store: LocalBlobStore) -> None:
    """The path is `b3/ab/<hex>`, and the mode 0444."""
    blob = store.put(b"content")
    path = _file(store, blob)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert _files(store) == [path]


def test_changing_a_mapped_buffer_leaves_the_file(store: LocalBlobStore) -> None:
    """A written page of a mapping is a private copy."""
    blob = store.put(bytes(LARGE))
    store.open(blob.digest, LARGE).buffer()[:5] = b"XXXXX"
    assert digest_of(_file(store, blob).read_bytes()) == blob.digest


def test_buffer_outlives_the_removal_of_its_file(store: LocalBlobStore) -> None:
    """A reader keeps its bytes when the blob is swept away."""
    blob = store.put(b"x" * LARGE)
    view = store.open(blob.digest, LARGE).buffer()
    _file(store, blob).unlink()
    assert bytes(view[-3:]) == b"xxx"
    with pytest.raises(BlobMissingError):
        store.open(blob.digest, LARGE)


@pytest.mark.parametrize("size", [1, 5000, LARGE])
@pytest.mark.parametrize("seen_before", [False, True])
def test_every_flipped_bit_is_detected(
    store: LocalBlobStore, size: int, *, seen_before: bool
) -> None:
    """Damage is found, also in a file that this process verified before."""
    blob = store.put(b"a" * size)
    if seen_before:
        store.open(blob.digest, size)
    _overwrite(_file(store, blob), b"a" * (size - 1) + b"`")
    with pytest.raises(BlobCorruptError, match="hashes to"):
        store.open(blob.digest, size)


def test_swapped_blob_is_detected(store: LocalBlobStore) -> None:
    """Another valid blob under the name of this one is refused."""
    one, other = store.put(b"one"), store.put(b"two")
    store.open(one.digest, one.size)
    store.open(other.digest, other.size)
    _file(store, other).replace(_file(store, one))
    with pytest.raises(BlobCorruptError, match=one.digest):
        store.open(one.digest, one.size)


def test_truncated_blob_is_detected_and_mended_by_the_next_put(store: LocalBlobStore) -> None:
    """A file cut short by a power failure is refused until its content is put anew."""
    blob = store.put(b"whole content")
    _overwrite(_file(store, blob), b"whole")
    with pytest.raises(BlobCorruptError, match="5 bytes, expected 13"):
        store.open(blob.digest, blob.size)
    store.put(b"whole content")
    assert bytes(store.open(blob.digest, blob.size).buffer()) == b"whole content"


def test_link_in_place_of_a_blob_is_not_followed(store: LocalBlobStore, tmp_path: Path) -> None:
    """A symbolic link under a blob's name is refused, whatever it points to."""
    blob = store.put(b"content")
    (tmp_path / "elsewhere").write_bytes(b"content")
    _file(store, blob).unlink()
    _file(store, blob).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BlobCorruptError, match="cannot be opened"):
        store.open(blob.digest, blob.size)


def test_pipe_in_place_of_a_blob_does_not_stop_a_reader(store: LocalBlobStore) -> None:
    """What is not a file is refused at once."""
    blob = store.put(b"content")
    _file(store, blob).unlink()
    os.mkfifo(_file(store, blob))
    with pytest.raises(BlobCorruptError, match="not a file"):
        store.open(blob.digest, blob.size)


def test_memory_of_verified_digests_is_bounded(
    store: LocalBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that reads many blobs forgets, and hashes again what it forgot."""
    monkeypatch.setattr(verified, "_REMEMBERED", 2)
    monkeypatch.setattr(verified, "_verified", {})
    blobs = [store.put(bytes([n])) for n in range(3)]
    assert all(store.open(blob.digest, 1).first for blob in blobs)
    assert not store.open(blobs[2].digest, 1).first
    assert store.open(blobs[0].digest, 1).first


def test_equal_content_is_kept_once_and_marked_as_used(store: LocalBlobStore) -> None:
    """A second put keeps the file and renews its time, so that a sweep spares it."""
    blob = store.put(b"content")
    path = _file(store, blob)
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    store.put(b"content")
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > 1
    assert _files(store) == [path]


def test_writers_of_one_content_at_once_make_one_blob(store: LocalBlobStore) -> None:
    """Whoever commits first, all succeed and one file remains."""
    barrier = threading.Barrier(8)
    blobs: list[Blob] = []

    def write() -> None:
        with store.writer() as writer:
            writer.write(b"the same" * 10_000)
            barrier.wait()
            blobs.append(writer.commit())

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(blobs)) == 1
    assert len(blobs) == 8
    assert _files(store) == [_file(store, blobs[0])]


def test_abandoned_writer_leaves_no_file(store: LocalBlobStore) -> None:
    """The temporary file goes with its context."""
    with store.writer() as writer:
        writer.write(b"x" * LARGE)
        assert len(_files(store)) == 1
    assert _files(store) == []


@pytest.mark.parametrize("ending", ["killed", "disk full"])
def test_interrupted_write_shows_nothing(store: LocalBlobStore, ending: str) -> None:
    """A process that dies in `commit`, or cannot write, leaves no blob to be found."""
    script = f"""
import os, resource, signal
from pathlib import Path
from raincheck.blobs import LocalBlobStore
store = LocalBlobStore(Path({store.place!r}))
if {ending!r} == "disk full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
else:
    os.fchmod = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
try:
    store.put(bytes({LARGE}))
except OSError as error:
    print("refused", error.errno)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    if ending == "killed":
        assert done.returncode == -9, done.stderr
    else:
        assert done.stdout.startswith("refused"), done.stderr
        assert _files(store) == []
    assert not store.exists(digest_of(bytes(LARGE)))
    assert not (Path(store.place) / "b3").exists()
