"""Every error that Raincheck raises on purpose.

    RaincheckError
        UsageError
            DefinitionError
            CompileError
            UnresolvedReferenceError (TypeError)
            ReferenceSyntaxError (ValueError)
            ParameterError (ValueError)
            ArgumentError (ValueError)
            CursorError (ValueError)
            NoContextError (RuntimeError)
            SettingsError (ValueError)
            MessageTooLargeError
            MessageVersionError
            WaitInStepError (RuntimeError)
        ResolutionError
            ReferenceNotFoundError (LookupError)
                VersionDeletedError
            MetadataPointerError (LookupError)
            TypeMismatchError (TypeError)
        StoreError
            MaterializerNotFoundError (TypeError)
            UnsupportedValueError (ValueError)
            UntrustedTypeError (TypeError)
            IncompatibleVersionError
            BlobMissingError (LookupError)
            BlobCorruptError
            BlobWriteError (OSError)
            ColumnContractError (ValueError)
        IndexAccessError
            IndexUnavailableError (ConnectionError)
            IndexProtocolError
            StaleFenceError
            VersionExistsError (ValueError)
            VersionNameError (ValueError)
            MetadataConflictError (ValueError)
            IdempotencyConflictError (ValueError)
            RunNotFoundError (LookupError)
            RunNotRetryableError
            EventPositionError (ValueError)
            SubscriptionNotFoundError (LookupError)
            SubscriptionMovedError
            SubscriptionStateError
            BackfillRefusedError
            AliasGuardedError
            MetricMissingError (LookupError)
            RollbackRefusedError
            VersionAliasedError
            VersionLinkedError
            ReadOnlyVersionError
            FallbackError
            InvalidWriteError (ValueError)
        RunError
            StepFailedError
            RunCancelledError
                RunExpiredError
        EmbeddedServerError
        WorkerProcessError

The second class in brackets is the built-in one that it also is. Fields are positional
and handed to `Exception`, so that each error survives pickling between processes.
"""

from raincheck_contracts.errors._root import RaincheckError
from raincheck_contracts.errors.aliases import (
    AliasGuardedError,
    MetricMissingError,
    RollbackRefusedError,
)
from raincheck_contracts.errors.columns import ColumnContractError
from raincheck_contracts.errors.deletions import (
    VersionAliasedError,
    VersionDeletedError,
    VersionLinkedError,
)
from raincheck_contracts.errors.index import (
    BackfillRefusedError,
    EmbeddedServerError,
    EventPositionError,
    IdempotencyConflictError,
    IndexAccessError,
    IndexProtocolError,
    IndexUnavailableError,
    InvalidWriteError,
    MetadataConflictError,
    RunNotFoundError,
    RunNotRetryableError,
    StaleFenceError,
    SubscriptionMovedError,
    SubscriptionNotFoundError,
    SubscriptionStateError,
    VersionExistsError,
    VersionNameError,
)
from raincheck_contracts.errors.namespaces import FallbackError, ReadOnlyVersionError
from raincheck_contracts.errors.process import WorkerProcessError
from raincheck_contracts.errors.resolution import (
    MetadataPointerError,
    ReferenceNotFoundError,
    ResolutionError,
    TypeMismatchError,
)
from raincheck_contracts.errors.run import (
    RunCancelledError,
    RunError,
    RunExpiredError,
    StepFailedError,
)
from raincheck_contracts.errors.store import (
    BlobCorruptError,
    BlobMissingError,
    BlobWriteError,
    IncompatibleVersionError,
    MaterializerNotFoundError,
    StoreError,
    UnsupportedValueError,
    UntrustedTypeError,
)
from raincheck_contracts.errors.usage import (
    ArgumentError,
    CompileError,
    CursorError,
    DefinitionError,
    MessageTooLargeError,
    MessageVersionError,
    NoContextError,
    ParameterError,
    ReferenceSyntaxError,
    SettingsError,
    UnresolvedReferenceError,
    UsageError,
    WaitInStepError,
)

__all__ = [
    "AliasGuardedError",
    "ArgumentError",
    "BackfillRefusedError",
    "BlobCorruptError",
    "BlobMissingError",
    "BlobWriteError",
    "ColumnContractError",
    "CompileError",
    "CursorError",
    "DefinitionError",
    "EmbeddedServerError",
    "EventPositionError",
    "FallbackError",
    "IdempotencyConflictError",
    "IncompatibleVersionError",
    "IndexAccessError",
    "IndexProtocolError",
    "IndexUnavailableError",
    "InvalidWriteError",
    "MaterializerNotFoundError",
    "MessageTooLargeError",
    "MessageVersionError",
    "MetadataConflictError",
    "MetadataPointerError",
    "MetricMissingError",
    "NoContextError",
    "ParameterError",
    "RaincheckError",
    "ReadOnlyVersionError",
    "ReferenceNotFoundError",
    "ReferenceSyntaxError",
    "ResolutionError",
    "RollbackRefusedError",
    "RunCancelledError",
    "RunError",
    "RunExpiredError",
    "RunNotFoundError",
    "RunNotRetryableError",
    "SettingsError",
    "StaleFenceError",
    "StepFailedError",
    "StoreError",
    "SubscriptionMovedError",
    "SubscriptionNotFoundError",
    "SubscriptionStateError",
    "TypeMismatchError",
    "UnresolvedReferenceError",
    "UnsupportedValueError",
    "UntrustedTypeError",
    "UsageError",
    "VersionAliasedError",
    "VersionDeletedError",
    "VersionExistsError",
    "VersionLinkedError",
    "VersionNameError",
    "WaitInStepError",
    "WorkerProcessError",
]
