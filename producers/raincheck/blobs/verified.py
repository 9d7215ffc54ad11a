"""Reads a blob file, and hashes it the first time that this process meets it."""

import mmap
import os
import stat
import sys
from contextlib import suppress

from raincheck.blobs.base import BlobReader
from raincheck.blobs.digest import digest_of
from raincheck_contracts.errors import BlobCorruptError

#: Below this many bytes a read is faster than a mapping, and spares the kernel's table.
MAP_FROM = 1024 * 1024
_REMEMBERED = 65_536
# Not blocking: something that is not a file, such as a pipe, must not stop a reader.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

# What a file looked like when its content was hashed: any write to it, and any other file
# under its name, changes these numbers. A forked child may go on trusting them.
_State = tuple[int, int, int, int, int]
_verified: dict[str, _State] = {}


def read_verified(path: str, digest: str, size: int) -> BlobReader:
    """Open the blob file at `path`.

    Args:
        path: built from `digest`; a symbolic link is not followed.
        digest: what the content must hash to.
        size: bytes that it must have.

    Returns:
        The reader; its memory is private.

    Raises:
        FileNotFoundError: if there is no such file.
        BlobCorruptError: if the file is not what was published.
    """
    try:
        fd = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        problem = f"it cannot be opened: {error.strerror}"
        raise BlobCorruptError(digest, path, problem) from error
    try:
        return _read(fd, path, digest, size)
    finally:
        os.close(fd)


def _read(fd: int, path: str, digest: str, size: int) -> BlobReader:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise BlobCorruptError(digest, path, "it is not a file")
    if status.st_size != size:
        problem = f"it has {status.st_size} bytes, expected {size}"
        raise BlobCorruptError(digest, path, problem)
    view = _memory(fd, size, digest, path)
    state = (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
    first = _verified.get(digest) != state
    if first:
        found = digest_of(view)
        if found != digest:
            raise BlobCorruptError(digest, path, f"its content hashes to {found}")
        if len(_verified) >= _REMEMBERED:
            _verified.clear()
        _verified[digest] = state
    return BlobReader(digest, path, view, first=first)


def _memory(fd: int, size: int, digest: str, path: str) -> memoryview:
    if size >= MAP_FROM:
        return memoryview(_mapping(fd, size))
    content = bytearray(size)
    view = memoryview(content)
    done = 0
    while done < size:
        count = os.readv(fd, [view[done:]])
        if count == 0:
            raise BlobCorruptError(digest, path, f"it ended after {done} bytes")
        done += count
    return view


def _mapping(fd: int, size: int) -> mmap.mmap:
    # ACCESS_COPY is a private mapping: a written page becomes this process's own copy.
    if sys.version_info >= (3, 13):
        mapping = mmap.mmap(fd, size, access=mmap.ACCESS_COPY, trackfd=False)
    else:
        mapping = mmap.mmap(fd, size, access=mmap.ACCESS_COPY)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without huge pages: only slower
            mapping.madvise(mmap.MADV_HUGEPAGE)
    return mapping
