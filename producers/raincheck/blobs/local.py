"""Blobs as files of a folder: `<root>/b3/ab/<hex>`, read-only, never changed."""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from typing_extensions import Buffer

from raincheck.blobs.aligned import AlignedFile
from raincheck.blobs.base import Blob, BlobReader
from raincheck.blobs.digest import DigestHasher, digest_hex
from raincheck.blobs.verified import read_verified
from raincheck.blobs.write_errors import told_as_write_error
from raincheck_contracts.errors import BlobMissingError


class LocalBlobStore:
    """A blob store in a folder of a local or shared file system.

    A blob is written to a temporary file of the same file system and renamed, so that a
    reader finds it whole or not at all. It keeps no open files, and may be used before
    and after a fork.
    """

    def __init__(self, root: Path, *, durable: bool = False) -> None:
        """Use the folder `root`, made when the first blob is written.

        Args:
            root: the folder.
            durable: whether `commit` returns only after the disk has the bytes and the
                name. Without it, a power cut may lose or shorten the newest blobs, which
                `open` then reports.
        """
        self._root = root.absolute()
        self._prefix = f"{self._root}/b3/"
        self._durable = durable

    @property
    def place(self) -> str:
        """Where the blobs are, for messages."""
        return str(self._root)

    @contextmanager
    def writer(self) -> Generator["_LocalWriter"]:
        """Begin a blob; leaving the context without `commit` leaves nothing behind."""
        folder = self._root / "tmp"
        temporary = folder / secrets.token_hex(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with told_as_write_error(self.place):
            try:
                fd = os.open(temporary, flags, 0o600)
            except FileNotFoundError:
                folder.mkdir(parents=True, exist_ok=True)
                fd = os.open(temporary, flags, 0o600)
        try:
            yield _LocalWriter(self, fd, temporary)
        finally:
            os.close(fd)
            with suppress(FileNotFoundError):  # committed: renamed or dropped
                temporary.unlink()

    def put(self, data: Buffer) -> Blob:
        """Store `data` whole; equal bytes are kept once.

        Raises:
            BlobWriteError: if the disk cannot hold it; then nothing became visible.
        """
        with self.writer() as writer:
            writer.write(data)
            return writer.commit()

    def exists(self, digest: str) -> bool:
        """Whether the blob is there; its bytes are not read.

        Raises:
            ValueError: if `digest` is not one.
        """
        return self._path(digest).is_file()

    def open(self, digest: str, size: int) -> BlobReader:
        """Open a blob of `size` bytes: mapped from 1 MiB on, read below.

        Raises:
            BlobMissingError: if it is not there.
            BlobCorruptError: if size or content are not what was published.
            ValueError: if `digest` is not one.
        """
        name = digest_hex(digest)
        try:
            # A plain string: building a Path costs more than opening the file.
            return read_verified(f"{self._prefix}{name[:2]}/{name}", digest, size)
        except FileNotFoundError:
            raise BlobMissingError(digest, self.place) from None

    def publish(self, fd: int, temporary: Path, blob: Blob) -> None:
        """Give a whole temporary file its name. `_LocalWriter.commit` calls it.

        Args:
            fd: the open temporary file.
            temporary: its path.
            blob: what it holds.
        """
        target = self._path(blob.digest)
        os.fchmod(fd, 0o444)
        if self._durable:
            os.fsync(fd)
        if not self._touch(target, blob.size):
            try:
                temporary.replace(target)
            except FileNotFoundError:
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(target)
        if self._durable:
            self._sync_names(target.parent)

    def _touch(self, target: Path, size: int) -> bool:
        # The same content is there already: a new modification time tells a sweep of
        # unused blobs that it is in use again. In durable mode, and for a file cut short
        # by a power failure, the new copy takes the name instead.
        try:
            if self._durable or target.lstat().st_size != size:
                return False
            os.utime(target, follow_symlinks=False)
        except OSError:  # not there, removed meanwhile, or another user's
            return False
        return True

    def _sync_names(self, folder: Path) -> None:
        for name in (folder, folder.parent, self._root):
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def _path(self, digest: str) -> Path:
        name = digest_hex(digest)
        return self._root / "b3" / name[:2] / name


class _LocalWriter:
    def __init__(self, store: LocalBlobStore, fd: int, temporary: Path) -> None:
        self._store = store
        self._temporary = temporary
        self._fd = fd
        self._file = AlignedFile(fd)
        self._hasher = DigestHasher()

    def write(self, data: Buffer, /) -> int:
        with memoryview(data) as given:
            if given.nbytes == 0:  # cannot be cast
                return 0
            view = given.cast("B")
            self._hasher.update(view)
            with told_as_write_error(self._store.place):
                self._file.write(view)
            return view.nbytes

    def tell(self) -> int:
        return self._file.tell()

    def commit(self) -> Blob:
        with told_as_write_error(self._store.place):
            self._file.flush()
            blob = Blob(self._hasher.digest(), self.tell())
            self._store.publish(self._fd, self._temporary, blob)
        return blob
