"""The index: the truth about runs, versions, aliases and who waits for what.

`Index` is the one way in. Its state changes are the Lua functions of `lua/`; Python
holds no state machine of its own.
"""

from raincheck.index.connection import Connection
from raincheck.index.index import Index

__all__ = ["Connection", "Index"]
