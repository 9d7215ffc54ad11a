"""Errors: bytes cannot be written or read."""

from typing_extensions import override

from raincheck_contracts.errors._root import RaincheckError


class StoreError(RaincheckError):
    """Bytes cannot be written or read."""


class MaterializerNotFoundError(StoreError, TypeError):
    """No materializer is registered for a type or media type."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject

    @override
    def __str__(self) -> str:
        return (
            f"no materializer for {self.subject}. Register one with "
            "raincheck.register_materializer(MyMaterializer()); docs/materializers.md shows "
            "how. Pickle is never used unasked."
        )


class UnsupportedValueError(StoreError, ValueError):
    """A value would not come back as it was."""

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(where, problem, remedy)
        self.where = where
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"{self.where}: {self.problem}. {self.remedy}"


class UntrustedTypeError(StoreError, TypeError):
    """An estimator holds types that are not on the trusted list."""

    def __init__(self, types: tuple[str, ...]) -> None:
        super().__init__(types)
        self.types = types

    @override
    def __str__(self) -> str:
        return (
            f"not on the trusted list: {', '.join(self.types)}. If you trust them, call "
            "raincheck.trust_types(...) in the module that producers and workers import."
        )


class IncompatibleVersionError(StoreError):
    """A value was written by a library whose other releases may read it wrongly."""

    def __init__(self, library: str, written: str, installed: str) -> None:
        super().__init__(library, written, installed)
        self.library = library
        self.written = written
        self.installed = installed

    @override
    def __str__(self) -> str:
        return (
            f"written with {self.library} {self.written}, and {self.library} {self.installed} "
            "is installed: its releases do not promise to read each other's objects. Install "
            "the same minor release, or publish the value anew."
        )


class BlobMissingError(StoreError, LookupError):
    """A blob that the index names is not in the store."""

    def __init__(self, digest: str, place: str) -> None:
        super().__init__(digest, place)
        self.digest = digest
        self.place = place

    @override
    def __str__(self) -> str:
        return f"blob {self.digest} is not in {self.place}"


class BlobCorruptError(StoreError):
    """The bytes of a blob are not those that were published."""

    def __init__(self, digest: str, place: str, problem: str) -> None:
        super().__init__(digest, place, problem)
        self.digest = digest
        self.place = place
        self.problem = problem

    @override
    def __str__(self) -> str:
        return (
            f"blob {self.digest} in {self.place}: {self.problem}. It is not used; restore it "
            "from a copy or publish the value anew."
        )


class BlobWriteError(StoreError, OSError):
    """The blob store takes no bytes; nothing became visible."""

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        super().__init__(place, problem, remedy)
        self.place = place
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"blobs cannot be written to {self.place}: {self.problem}. {self.remedy}"
