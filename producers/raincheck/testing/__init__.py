"""Fixtures and functions for tests of your steps and pipelines: a pytest plugin.

In `conftest.py`: `pytest_plugins = ["raincheck.testing"]`. Nothing is loaded in projects that
do not ask for it, and no server is started before a test uses its fixture.

(PYTEST_DONT_REWRITE: there is no assert in here.)
"""

from raincheck.testing.fixtures import (
    raincheck_memory,
    raincheck_server,
    raincheck_server_url,
    raincheck_worker,
)
from raincheck.testing.looking import bound_to, last_run, wait_until_waiting

__all__ = [
    "bound_to",
    "last_run",
    "raincheck_memory",
    "raincheck_server",
    "raincheck_server_url",
    "raincheck_worker",
    "wait_until_waiting",
]
