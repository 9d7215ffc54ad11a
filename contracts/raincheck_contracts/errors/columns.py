"""Errors: a frame and its column contract."""

from typing_extensions import override

from raincheck_contracts.columns import FailedCheck
from raincheck_contracts.errors.store import StoreError


class ColumnContractError(StoreError, ValueError):
    """A frame does not keep the column contract of an output or of a parameter.

    On the way out nothing of the step is published. On the way in the step's function is not
    called.
    """

    def __init__(
        self, artifact: str, parameter: str, failed: tuple[FailedCheck, ...], more: int
    ) -> None:
        super().__init__(artifact, parameter, failed, more)
        self.artifact = artifact
        """The artifact to be published; of a parameter the reference and its version."""
        self.parameter = parameter
        """Empty on the way out."""
        self.failed = failed
        self.more = more
        """Failed checks that are not listed."""

    @override
    def __str__(self) -> str:
        problems = "; ".join(map(str, self.failed))
        more = f"; and {self.more} more" if self.more else ""
        if self.parameter:
            return (
                f"parameter {self.parameter!r}: {self.artifact} does not keep its column contract: "
                f"{problems}{more}. Refer to a version that keeps it, or mend the contract"
            )
        return (
            f"{self.artifact} does not keep its column contract: {problems}{more}. Nothing was "
            "published: mend the frame before it is handed over, or the contract"
        )
