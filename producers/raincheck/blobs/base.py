"""What every blob store does."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from typing_extensions import Buffer


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored blob."""

    digest: str
    """`b3:` and 64 hexadecimal digits."""
    size: int
    """Bytes."""


class BlobReader:
    """A blob whose size and digest were checked; usable as long as it is referenced."""

    __slots__ = ("_file", "_view", "digest", "first")

    def __init__(self, digest: str, file: str | None, view: memoryview, *, first: bool) -> None:
        """Hold the bytes of a blob.

        Args:
            digest: its name.
            file: the path of the file that holds it, if one does.
            view: the bytes, writable and private to this reader.
            first: whether this process hashed the bytes just now, for the first time.
        """
        self.digest = digest
        self.first = first
        self._file = file
        self._view = view

    @property
    def path(self) -> Path | None:
        """The file that holds the blob, if one does. Never write to it."""
        return None if self._file is None else Path(self._file)

    def buffer(self) -> memoryview:
        """Give the bytes as private, writable memory: the blob itself cannot change by it."""
        return self._view


class BlobWriter(Protocol):
    """Takes the bytes of one new blob."""

    def write(self, data: Buffer, /) -> int:
        """Append contiguous bytes.

        Returns:
            How many bytes that were: always all of them.
        """
        ...

    def tell(self) -> int:
        """Bytes written so far."""
        ...

    def commit(self) -> Blob:
        """End the blob and make it visible under its digest; once.

        Raises:
            BlobWriteError: if the store cannot hold it (disk full, synchronization failed);
                then nothing became visible.
        """
        ...


class BlobStore(Protocol):
    """Keeps blobs by digest. Implementations may be used by many threads and processes."""

    @property
    def place(self) -> str:
        """Where the blobs are, for messages."""
        ...

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """Begin a blob; leaving the context without `commit` leaves nothing behind."""
        ...

    def put(self, data: Buffer) -> Blob:
        """Store `data` whole. Idempotent: equal bytes are kept once.

        Raises:
            BlobWriteError: as `BlobWriter.commit`.
        """
        ...

    def exists(self, digest: str) -> bool:
        """Whether the blob is there; its bytes are not read.

        Raises:
            ValueError: if `digest` is not one.
        """
        ...

    def open(self, digest: str, size: int) -> BlobReader:
        """Open a blob of `size` bytes.

        The size is always checked, the digest when the blob enters this process or its
        file changed since.

        Raises:
            BlobMissingError: if it is not there.
            BlobCorruptError: if size or content are not what was published.
            ValueError: if `digest` is not one.
        """
        ...
