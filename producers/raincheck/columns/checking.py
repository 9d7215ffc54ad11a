"""Values and recorded versions against column contracts."""

from collections.abc import Callable, Iterable

from raincheck.columns.declarations import Reading, is_contract, readings
from raincheck.materializers.type_check import class_satisfies, type_satisfies
from raincheck.materializers.type_names import type_name
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.columns import FailedCheck
from raincheck_contracts.errors import ArgumentError, ColumnContractError

_MOST_LISTED = 20


def check_value(annotation: object, value: object, artifact: str, parameter: str = "") -> None:
    """Hold a value against the contracts of an annotation; the value stays as it is.

    Args:
        annotation: with its extras.
        value: to be published, or materialized.
        artifact: to be published; of a parameter the reference and its version.
        parameter: empty on the way out.

    Raises:
        ColumnContractError: the value keeps none of the contracts that it could keep.
    """
    allowed = readings(annotation)
    if not allowed:
        return
    fitting = [reading for reading in allowed if class_satisfies(type(value), reading.type)]
    if not fitting:
        failed = FailedCheck(check="a frame or series", found=(type_name(type(value)),))
        raise ColumnContractError(artifact, parameter, (failed,), 0)
    _raise_for(fitting, lambda contract: _failed(contract, value), artifact, parameter)


def check_recorded(annotation: object, manifest: Manifest, artifact: str, parameter: str) -> None:
    """Hold the recorded names and dtypes against the contracts of a parameter.

    No bytes are read. What the manifest does not tell passes: `check_value` will see it.

    Args:
        annotation: with its extras.
        manifest: of the bound version.
        artifact: the reference and the version.
        parameter: its name.

    Raises:
        ColumnContractError: no value of these columns can keep the contracts.
    """
    allowed = readings(annotation)
    fitting = [reading for reading in allowed if type_satisfies(manifest, reading.type)]
    if not any(reading.contracts for reading in fitting):
        return
    from raincheck.columns.recorded import recorded_columns  # noqa: PLC0415 - imports pandas
    from raincheck.columns.schemas import failed_checks  # noqa: PLC0415 - imports pandera

    recorded = recorded_columns(manifest)
    if recorded is None:
        return

    def failed(contract: object) -> list[FailedCheck]:
        found = failed_checks(contract, recorded.empty, names_only=True)
        return [
            each
            for each in found
            if not (each.column in recorded.unknown and each.check.startswith("dtype "))
        ]

    _raise_for(fitting, failed, artifact, parameter)


def check_given(schema: object, value: object, artifact: str) -> None:
    """Hold a value against a contract that was handed over beside it.

    Raises:
        ArgumentError: the contract is none, or is for another class.
        ColumnContractError: the value does not keep it.
    """
    remedy = "Give a DataFrameSchema, a DataFrameModel or a SeriesSchema of pandera.pandas"
    if not is_contract(schema):
        problem = f"schema={type_name(type(schema))} is no column contract"
        raise ArgumentError("save_artifact", problem, remedy)
    from raincheck.columns.schemas import kind_of  # noqa: PLC0415 - imports pandera

    try:
        wanted = kind_of(schema)
    except Exception as error:
        problem = f"schema= cannot be used: {error}"
        raise ArgumentError("save_artifact", problem, remedy) from error
    if wanted not in map(type_name, type(value).__mro__):
        problem = f"schema= is for a {wanted}, and the value is a {type_name(type(value))}"
        raise ArgumentError("save_artifact", problem, "Leave it out, or save the frame")
    _raise_for([Reading(type(value), (schema,))], lambda c: _failed(c, value), artifact, "")


def _failed(contract: object, value: object) -> list[FailedCheck]:
    from raincheck.columns.schemas import failed_checks  # noqa: PLC0415 - imports pandera

    return failed_checks(contract, value)


def _raise_for(
    fitting: Iterable[Reading],
    failed: Callable[[object], list[FailedCheck]],
    artifact: str,
    parameter: str,
) -> None:
    """Raise unless one of the readings has no failed check; the first one's are told."""
    first: list[FailedCheck] | None = None
    for reading in fitting:
        found = [each for contract in reading.contracts for each in failed(contract)]
        if not found:
            return
        first = first or found
    if first:
        listed = tuple(first[:_MOST_LISTED])
        raise ColumnContractError(artifact, parameter, listed, len(first) - len(listed))
