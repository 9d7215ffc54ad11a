"""Column contracts: what a frame's columns must be, written as schemas of pandera.

pandera is imported only when an annotation holds one of its schemas, for then its author has
imported it. Without it Raincheck works the same.
"""

from raincheck.columns.checking import check_given, check_recorded, check_value
from raincheck.columns.declarations import check_declared, contracts_known, without_contracts

__all__ = [
    "check_declared",
    "check_given",
    "check_recorded",
    "check_value",
    "contracts_known",
    "without_contracts",
]
