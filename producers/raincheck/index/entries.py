"""What a publication writes: versions with their metadata, checked before they are sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from raincheck.index.connection import Argument
from raincheck_contracts._base import JsonValue, canonical_json
from raincheck_contracts.artifacts import VersionRecord
from raincheck_contracts.errors import InvalidWriteError
from raincheck_contracts.names import (
    METADATA_KEY_PATTERN,
    SERIES_NAME_PATTERN,
    VERSION_NAME_PATTERN,
)

#: Limits of one call: the index ranks every number and binds what is asked for.
MAX_METADATA_KEYS = 64
MAX_METADATA_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """One version to publish."""

    artifact: str
    record: VersionRecord
    version: str | None = None
    """None takes the next number."""
    output: str = ""
    """The step's output that it is; unique within a step."""
    inline: bytes | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def arguments(self) -> list[Argument]:
        """As `Versions.read_item` of the Lua library reads it.

        Raises:
            InvalidWriteError: a name that no reference could give, or as `entry_arguments`.
        """
        check_name("artifact", self.artifact, SERIES_NAME_PATTERN)
        for name in (*self.tags, *([self.version] if self.version else [])):
            check_name("version or tag", name, VERSION_NAME_PATTERN)
        return [
            self.output,
            self.artifact,
            self.version or "",
            self.record.canonical_json(),
            "0" if self.inline is None else "1",
            self.inline or b"",
            len(self.tags),
            *self.tags,
            *entry_arguments(self.metadata),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMetadata:
    """Metadata that a step logs to a version it did not make."""

    artifact: str
    version: str
    metadata: Mapping[str, JsonValue]

    def arguments(self) -> list[Argument]:
        """As `read_foreign` of the Lua library reads it."""
        return [self.artifact, self.version, *entry_arguments(self.metadata)]


def model_arguments(model: NewVersion) -> list[Argument]:
    """The version of a run's model as `Models.read_sent` of the Lua library reads it."""
    return [
        model.record.canonical_json(),
        model.inline or b"",
        *entry_arguments(model.metadata),
    ]


def check_name(what: str, name: str, pattern: str) -> None:
    """Refuse a name that is none: keys are built from names, and events carry them.

    Raises:
        InvalidWriteError: says which name and what it must match.
    """
    if re.fullmatch(pattern, name) is None:
        raise InvalidWriteError(f"{what} {name!r} does not match {pattern}")


def entry_arguments(metadata: Mapping[str, JsonValue]) -> list[Argument]:
    """Metadata as the Lua library reads it: count, then key, raw JSON, number or empty.

    Args:
        metadata: by top-level key.

    Returns:
        The arguments.

    Raises:
        InvalidWriteError: too many keys, a key with control characters, too large a
            value, or a value that is no JSON; names the key.
    """
    if len(metadata) > MAX_METADATA_KEYS:
        raise InvalidWriteError(f"{len(metadata)} metadata keys, over {MAX_METADATA_KEYS}")
    arguments: list[Argument] = [len(metadata)]
    for key, value in metadata.items():
        check_name("metadata key", key, METADATA_KEY_PATTERN)
        try:
            raw = canonical_json(value)
            size = len(raw.encode())
        except (TypeError, ValueError) as error:
            raise InvalidWriteError(f"metadata {key!r}: {error}") from error
        if size > MAX_METADATA_BYTES:
            problem = f"metadata {key!r} is {size} bytes, over {MAX_METADATA_BYTES}"
            raise InvalidWriteError(f"{problem}; publish large values as artifacts")
        arguments += [key, raw, _number(value)]
    return arguments


def _number(value: JsonValue) -> str:
    """The text by which the index ranks it; empty when it is no finite double."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return repr(float(value))
    except OverflowError:
        return ""
