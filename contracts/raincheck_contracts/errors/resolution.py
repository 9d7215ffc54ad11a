"""Errors: the index cannot answer a reference."""

from typing_extensions import override

from raincheck_contracts.errors._root import RaincheckError


class ResolutionError(RaincheckError):
    """The index cannot answer a reference."""


class ReferenceNotFoundError(ResolutionError, LookupError):
    """References that do not resolve now."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(missing)
        self.missing = missing

    @override
    def __str__(self) -> str:
        return "; ".join(self.missing)


class MetadataPointerError(ResolutionError, LookupError):
    """A JSON Pointer finds nothing below an existing metadata key, and never will."""

    def __init__(self, reference: str, problem: str) -> None:
        super().__init__(reference, problem)
        self.reference = reference
        self.problem = problem

    @override
    def __str__(self) -> str:
        return (
            f"{self.reference}: {self.problem}. Metadata is written once, so it cannot appear "
            "later."
        )


class TypeMismatchError(ResolutionError, TypeError):
    """A bound version cannot satisfy the annotation of its parameter."""

    def __init__(self, parameter: str, reference: str, recorded: str, annotation: str) -> None:
        super().__init__(parameter, reference, recorded, annotation)
        self.parameter = parameter
        self.reference = reference
        self.recorded = recorded
        self.annotation = annotation

    @override
    def __str__(self) -> str:
        return (
            f"parameter {self.parameter!r} takes {self.annotation}, but {self.reference} holds "
            f"{self.recorded.removeprefix('builtins.')}. Refer to a version that holds the "
            "former, or annotate the parameter with the latter"
        )
