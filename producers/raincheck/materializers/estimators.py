"""scikit-learn estimators, in the skops format: no pickle, only listed classes."""

import copy
import sys

from raincheck.materializers.base import DumpTarget, Parts
from raincheck_contracts.artifacts import Manifest


class EstimatorMaterializer:
    """Stores fitted and unfitted estimators.

    Loading makes objects only of scikit-learn's estimators, numpy's types and the classes
    of `trusted_types`. The fitted attributes of an estimator change between the minor
    releases of scikit-learn without notice, so another minor release than the one that
    wrote the estimator is refused.
    """

    name = "skops"
    version = 1
    cacheable = True

    def handles(self, value: object) -> bool:
        """Whether `value` is an estimator."""
        base = sys.modules.get("sklearn.base")
        return base is not None and isinstance(value, base.BaseEstimator)

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write the estimator.

        Raises:
            UntrustedTypeError: if it holds types that are not on the trusted list, for
                example a function of yours.
            UnsupportedValueError: if skops cannot store a part of it.
        """
        from raincheck.materializers import skops_format  # noqa: PLC0415 - imports sklearn

        skops_format.dump(value, out)

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Rebuild the estimator.

        Raises:
            IncompatibleVersionError: if another minor release of scikit-learn wrote it.
            UntrustedTypeError: if it holds types that are not on this process's list.
        """
        from raincheck.materializers import skops_format  # noqa: PLC0415 - imports sklearn

        del annotation
        return skops_format.load(manifest, parts)

    def copy(self, value: object) -> object:
        """Copy deeply: fitting a shallow copy of a pipeline changes the steps of both."""
        return copy.deepcopy(value)
