import errno

import pytest

from raincheck.blobs.write_errors import told_as_write_error
from raincheck_contracts.errors import BlobWriteError


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free disk space there"),
        (errno.EDQUOT, "Free disk space there"),
        (errno.EACCES, "Let this user write there"),
        (errno.EROFS, "Let this user write there"),
        (errno.ENOENT, "a folder that can be written"),
    ],
)
def test_what_the_file_system_refuses_says_what_to_do(number: int, remedy: str) -> None:
    """The place and the system's own words stand in the error, which is an OSError too."""
    with pytest.raises(OSError, match=remedy) as caught, told_as_write_error("/blobs"):
        raise OSError(number, "words of the system")
    assert isinstance(caught.value, BlobWriteError)
    assert str(caught.value).startswith("blobs cannot be written to /blobs: words of the system.")
