"""Errors: a namespace reads another one, or would change it."""

from typing_extensions import override

from raincheck_contracts.errors.index import IndexAccessError


class ReadOnlyVersionError(IndexAccessError):
    """A version is the fall-back namespace's: read here, and changed there alone."""

    def __init__(self, artifact: str, version: str, namespace: str, fallback: str) -> None:
        super().__init__(artifact, version, namespace, fallback)
        self.artifact = artifact
        self.version = version
        self.namespace = namespace
        self.fallback = fallback

    @override
    def __str__(self) -> str:
        return (
            f"{self.artifact}@{self.version} is of namespace {self.fallback!r}, which "
            f"{self.namespace!r} only reads: metadata, tags and aliases cannot be given to it from "
            f"here. Publish a version of {self.artifact!r} in {self.namespace!r}, or set "
            f"RAINCHECK_NAMESPACE={self.fallback}"
        )


class FallbackError(IndexAccessError):
    """A namespace cannot fall back to another as it is asked to."""

    def __init__(self, namespace: str, wanted: str, why: str, found: str = "") -> None:
        super().__init__(namespace, wanted, why, found)
        self.namespace = namespace
        self.wanted = wanted
        """The fall-back that was asked for."""
        self.why = why
        """`OTHER`, `SELF`, `NAME`, `CHAIN` or `CLUSTER`."""
        self.found = found
        """The recorded fall-back; of a `CHAIN` that of the wanted one. Empty for none."""

    @override
    def __str__(self) -> str:
        said = f"namespace {self.namespace!r} cannot fall back to {self.wanted!r}"
        match self.why:
            case "SELF":
                return f"{said}: that is itself. Name another one, or none"
            case "NAME":
                return f"{said}: names of models begin so. Give that namespace another name"
            case "CHAIN":
                return (
                    f"{said}, which itself falls back to {self.found!r}: only one is read. "
                    f"Name {self.found!r}, or take the fall-back of {self.wanted!r} away"
                )
            case "CLUSTER":
                return (
                    f"{said} in a cluster: the two lie in two slots, and no script reads both at "
                    "one moment. Use a server that is no cluster, or no fall-back"
                )
            case _:
                has = f"its fall-back is {self.found!r}" if self.found else "it has none"
                return (
                    f"{said}: {has}, and it is in use. Correct RAINCHECK_FALLBACK_NAMESPACE, or "
                    f"change it for all processes: raincheck namespaces fallback {self.wanted}"
                )
