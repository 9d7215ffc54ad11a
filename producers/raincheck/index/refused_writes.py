"""What a write that the Lua functions refuse stands for: an error."""

from collections.abc import Sequence
from typing import Any

from raincheck.index.connection import text
from raincheck_contracts.errors import (
    AliasGuardedError,
    IndexAccessError,
    InvalidWriteError,
    MetadataConflictError,
    ReadOnlyVersionError,
    ReferenceNotFoundError,
    VersionAliasedError,
    VersionDeletedError,
    VersionExistsError,
    VersionLinkedError,
    VersionNameError,
)


def refused_write(  # noqa: C901, PLR0911 - one for each code
    reply: Sequence[Any],
) -> IndexAccessError | ReferenceNotFoundError:
    """The error that a refused write stands for."""
    code, *fields = (text(item) for item in reply)
    match code:
        case "EXISTS":
            return VersionExistsError(fields[0], fields[1])
        case "NUMBER":
            return VersionNameError(fields[0], fields[1], fields[2])
        case "CONFLICT":
            return MetadataConflictError(fields[0], fields[1], fields[2], fields[3])
        case "UNKNOWN":
            name = f"{fields[0]}@{fields[1]}" if fields[1] else fields[0]
            return ReferenceNotFoundError((f"there is no version {name}",))
        case "DELETED":
            return VersionDeletedError(fields[0], fields[1], int(fields[2]), fields[3], fields[4])
        case "ALIASED":
            return VersionAliasedError(fields[0], fields[1], tuple(fields[2].split()))
        case "LINKED":
            return VersionLinkedError(fields[0], fields[1], tuple(fields[2].split()))
        case "ELSEWHERE":
            return ReadOnlyVersionError(fields[0], fields[1], fields[2], fields[3])
        case "GUARDED":
            return AliasGuardedError(fields[0], fields[1], fields[2], tuple(fields[3].split()))
        case "MOVED":
            return InvalidWriteError(
                f"the alias names {fields[0] or 'nothing'} now, not what was expected"
            )
        case _:
            return InvalidWriteError(" ".join(fields) or code)
