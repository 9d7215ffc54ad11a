"""What the file system says when it takes no bytes, with what to do."""

import errno
from collections.abc import Generator
from contextlib import contextmanager

from raincheck_contracts.errors import BlobWriteError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def told_as_write_error(place: str) -> Generator[None]:
    """Raise what the file system refuses as an error that says what to do.

    Args:
        place: where the blobs are.

    Raises:
        BlobWriteError: the file system refused.
    """
    try:
        yield
    except OSError as error:
        raise BlobWriteError(place, error.strerror or str(error), _remedy(error)) from error


def _remedy(error: OSError) -> str:
    if error.errno in _FULL:
        return "Free disk space there, or set RAINCHECK_STORE to a folder with more"
    if error.errno in _FORBIDDEN:
        return "Let this user write there, or set RAINCHECK_STORE to another folder"
    return "Set RAINCHECK_STORE to a folder that can be written"
