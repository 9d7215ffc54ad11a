"""An index in this process's memory: the same scripts, on fakeredis."""

from typing import cast

from raincheck.index import Connection, Index
from raincheck.index.connection import Commands
from raincheck_contracts.errors import RaincheckError


def memory_index(namespace: str) -> Index:
    """An empty index.

    Raises:
        RaincheckError: fakeredis is not installed.
    """
    try:
        from fakeredis import FakeRedis, FakeServer  # noqa: PLC0415 - only where it is used
    except ImportError as error:
        raise RaincheckError("fakeredis is missing: pip install 'raincheck[testing]'") from error
    client = cast("Commands", FakeRedis(server=FakeServer()))
    return Index(Connection("redis://memory", namespace, client=client))
