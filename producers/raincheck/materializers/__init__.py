"""How Python values become bytes and come back, without pickle.

Importing this package imports none of numpy, pandas, pyarrow, scikit-learn or skops.
"""

from raincheck.materializers.base import DumpTarget, Materializer, Parts, PartWriter
from raincheck.materializers.path_copies import scoped_copies
from raincheck.materializers.preloading import preload
from raincheck.materializers.registry import (
    materializer_named,
    register_materializer,
    registered_names,
)
from raincheck.materializers.trusted_types import trust_types
from raincheck.materializers.type_check import describe, type_satisfies
from raincheck.materializers.type_names import type_name
from raincheck.materializers.values import Dumped, dump_value, load_value

__all__ = [
    "DumpTarget",
    "Dumped",
    "Materializer",
    "PartWriter",
    "Parts",
    "describe",
    "dump_value",
    "load_value",
    "materializer_named",
    "preload",
    "register_materializer",
    "registered_names",
    "scoped_copies",
    "trust_types",
    "type_name",
    "type_satisfies",
]
