"""Blobs in the memory of one process: for tests, and where only a digest is needed."""

from collections.abc import Generator
from contextlib import contextmanager

from typing_extensions import Buffer

from raincheck.blobs.base import Blob, BlobReader
from raincheck.blobs.digest import DigestHasher, digest_hex, digest_of
from raincheck_contracts.errors import BlobCorruptError, BlobMissingError


class MemoryBlobStore:
    """A blob store that ends with its process."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    @property
    def place(self) -> str:
        """Where the blobs are, for messages."""
        return "memory"

    @contextmanager
    def writer(self) -> Generator["_MemoryWriter"]:
        """Begin a blob; leaving the context without `commit` leaves nothing behind."""
        yield _MemoryWriter(self._blobs)

    def put(self, data: Buffer) -> Blob:
        """Store `data` whole; equal bytes are kept once."""
        content = bytes(data)
        digest = digest_of(content)
        self._blobs.setdefault(digest, content)
        return Blob(digest, len(content))

    def exists(self, digest: str) -> bool:
        """Whether the blob is there.

        Raises:
            ValueError: if `digest` is not one.
        """
        digest_hex(digest)
        return digest in self._blobs

    def open(self, digest: str, size: int) -> BlobReader:
        """Open a copy of a blob of `size` bytes.

        Raises:
            BlobMissingError: if it is not there.
            BlobCorruptError: if it has another size.
            ValueError: if `digest` is not one.
        """
        digest_hex(digest)
        content = self._blobs.get(digest)
        if content is None:
            raise BlobMissingError(digest, self.place)
        if len(content) != size:
            problem = f"it has {len(content)} bytes, expected {size}"
            raise BlobCorruptError(digest, self.place, problem)
        return BlobReader(digest, None, memoryview(bytearray(content)), first=True)


class _MemoryWriter:
    def __init__(self, blobs: dict[str, bytes]) -> None:
        self._blobs = blobs
        self._content = bytearray()
        self._hasher = DigestHasher()

    def write(self, data: Buffer, /) -> int:
        before = len(self._content)
        with memoryview(data) as view:
            self._content += view
            self._hasher.update(view)
        return len(self._content) - before

    def tell(self) -> int:
        return len(self._content)

    def commit(self) -> Blob:
        digest = self._hasher.digest()
        self._blobs.setdefault(digest, bytes(self._content))
        return Blob(digest, len(self._content))
