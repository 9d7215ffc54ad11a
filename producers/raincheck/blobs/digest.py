"""The digest of bytes: BLAKE3, on one thread."""

import re

from blake3 import blake3
from typing_extensions import Buffer

from raincheck_contracts.names import DIGEST_PATTERN

_DIGEST = re.compile(DIGEST_PATTERN)


def digest_of(data: Buffer) -> str:
    """Name `data` by its content.

    Args:
        data: contiguous bytes: `bytes`, `bytearray`, a `memoryview`, a mapping.

    Returns:
        `b3:` and 64 lower-case hexadecimal digits.
    """
    hasher = DigestHasher()
    hasher.update(data)
    return hasher.digest()


def digest_hex(digest: str) -> str:
    """Take the hexadecimal part of a digest, after checking its form.

    Args:
        digest: `b3:` and 64 lower-case hexadecimal digits.

    Returns:
        The 64 digits; they are safe as a file name.

    Raises:
        ValueError: if `digest` has another form.
    """
    if _DIGEST.fullmatch(digest) is None:
        raise ValueError(f"{digest!r} is not a digest: b3: and 64 hexadecimal digits are")
    return digest[3:]


class DigestHasher:
    """The same digest, for bytes that come in pieces."""

    def __init__(self) -> None:
        # More threads would be kept in a pool that a forked child cannot use: it hangs.
        self._state = blake3(max_threads=1)

    def update(self, data: Buffer) -> None:
        """Take in the next bytes."""
        self._state.update(data)

    def digest(self) -> str:
        """Give the digest of all bytes so far; more may follow."""
        return "b3:" + self._state.hexdigest()
