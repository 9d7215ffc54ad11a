"""The metadata of a version that exists, read the way a lazy handle is."""

from collections.abc import Iterator, Mapping

from typing_extensions import override

from raincheck_contracts._base import JsonValue


class MetadataValue:
    """One metadata value; `[...]` goes into objects and lists, `.value` is the value."""

    __slots__ = ("value",)

    def __init__(self, value: JsonValue) -> None:
        self.value = value

    def __getitem__(self, key: str | int) -> "MetadataValue":
        """The value at a key of an object or a position of a list.

        Raises:
            KeyError: nothing is there.
        """
        if isinstance(self.value, dict) and isinstance(key, str):
            return MetadataValue(self.value[key])
        # As a lazy handle: no position from the end.
        if isinstance(self.value, list) and type(key) is int and 0 <= key < len(self.value):
            return MetadataValue(self.value[key])
        raise KeyError(key)

    @override
    def __repr__(self) -> str:
        return f"MetadataValue({self.value!r})"

    @override
    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, MetadataValue) else other)

    @override
    def __hash__(self) -> int:
        # Equal values have equal hashes; objects and lists hold numbers that are equal
        # though they are written differently.
        value = self.value
        return hash(type(value) if isinstance(value, dict | list) else value)


class RunMetadata(Mapping[str, MetadataValue]):
    """The metadata of one version, by top-level key."""

    def __init__(self, version: str, entries: Mapping[str, JsonValue]) -> None:
        self._version = version
        self._entries = entries

    @override
    def __getitem__(self, key: str) -> MetadataValue:
        if key not in self._entries:
            known = ", ".join(self._entries) or "none"
            raise KeyError(f"{self._version} has no metadata {key!r}; it has {known}")
        return MetadataValue(self._entries[key])

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    @override
    def __len__(self) -> int:
        return len(self._entries)
