"""Every blob store: digests, sizes, what is visible and what is independent."""

from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3

from raincheck.blobs import (
    BlobStore,
    DigestHasher,
    LocalBlobStore,
    MemoryBlobStore,
    digest_of,
)
from raincheck_contracts.errors import BlobCorruptError, BlobMissingError

LARGE = 3 * 1024 * 1024 + 17
STORES: dict[str, Callable[[Path], BlobStore]] = {
    "local": LocalBlobStore,
    "durable": lambda root: LocalBlobStore(root, durable=True),
    "memory": lambda _: MemoryBlobStore(),
}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """One store of each kind, empty."""
    return STORES[request.param](tmp_path / "blobs")


def _content(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def test_digest_is_blake3_of_the_bytes() -> None:
    """A digest is `b3:` and the BLAKE3 hash, as the blake3 package gives it."""
    assert digest_of(b"raincheck") == "b3:" + blake3(b"raincheck").hexdigest()


def test_digest_of_pieces_is_that_of_the_whole() -> None:
    """It does not matter how the bytes were cut."""
    hasher = DigestHasher()
    for piece in (b"rain", b"", b"check"):
        hasher.update(piece)
    assert hasher.digest() == digest_of(b"raincheck")


@pytest.mark.parametrize("size", [0, 1, 4096, LARGE])
def test_put_and_open_give_the_bytes_back(store: BlobStore, size: int) -> None:
    """What was put is what is read, for read and for mapped sizes."""
    blob = store.put(_content(size))
    assert blob.digest == digest_of(_content(size))
    assert blob.size == size
    assert bytes(store.open(blob.digest, size).buffer()) == _content(size)


@pytest.mark.parametrize("step", [1000, 4096, 5 * 1024 * 1024])
def test_written_pieces_are_one_blob(store: BlobStore, step: int) -> None:
    """Pieces of any size, across the chunks of the file, make up the content."""
    content = _content(20 * 1024 * 1024 + 5 if step > 4096 else 200_000)
    with store.writer() as writer:
        for start in range(0, len(content), step):
            piece = memoryview(content)[start : start + step]
            assert writer.write(piece) == piece.nbytes
            assert writer.tell() == start + piece.nbytes
        blob = writer.commit()
    assert blob == store.put(content)
    assert store.open(blob.digest, blob.size).buffer() == content


def test_blob_is_visible_only_after_commit(store: BlobStore) -> None:
    """Neither an open writer nor an abandoned one leaves a blob."""
    digest = digest_of(b"half")
    with store.writer() as writer:
        writer.write(b"half")
        assert not store.exists(digest)
    assert not store.exists(digest)
    with pytest.raises(BlobMissingError, match=digest):
        store.open(digest, 4)


def test_error_while_writing_leaves_no_blob(store: BlobStore) -> None:
    """An exception in the context is passed on, and the bytes are gone."""

    def fail_midway() -> None:
        with store.writer() as writer:
            writer.write(b"half")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail_midway()
    assert not store.exists(digest_of(b"half"))


@pytest.mark.parametrize("size", [100, LARGE])
def test_changing_a_buffer_changes_nothing_else(store: BlobStore, size: int) -> None:
    """Each reader has memory of its own, writable and private."""
    blob = store.put(_content(size))
    changed = store.open(blob.digest, size).buffer()
    changed[0:4] = b"XXXX"
    assert bytes(store.open(blob.digest, size).buffer()) == _content(size)


def test_size_is_checked(store: BlobStore) -> None:
    """A blob of another size than the index names is refused."""
    blob = store.put(b"four")
    with pytest.raises(BlobCorruptError, match="4 bytes, expected 5"):
        store.open(blob.digest, 5)


@pytest.mark.parametrize(
    "digest", ["", "b3:", "b3:../../etc/passwd", "b3:" + "A" * 64, "sha256:" + "0" * 64]
)
def test_only_digests_name_blobs(store: BlobStore, digest: str) -> None:
    """A name that is not a digest never becomes a path."""
    with pytest.raises(ValueError, match="not a digest"):
        store.exists(digest)
    with pytest.raises(ValueError, match="not a digest"):
        store.open(digest, 1)


def test_first_tells_whether_the_bytes_were_hashed_now(tmp_path: Path) -> None:
    """A file is hashed once a process, and again when it was written to."""
    store = LocalBlobStore(tmp_path)
    blob = store.put(b"seen once")
    assert store.open(blob.digest, blob.size).first
    reader = store.open(blob.digest, blob.size)
    assert not reader.first
    assert reader.path is not None
    reader.path.touch()
    assert store.open(blob.digest, blob.size).first
