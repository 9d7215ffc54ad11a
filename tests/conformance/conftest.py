"""The same tests on several servers, and on the library without its defences."""

from collections.abc import Generator
from contextlib import nullcontext

import pytest

from tests.support.measuring import without_coverage


@pytest.fixture(autouse=True)
def _measured_once(request: pytest.FixtureRequest) -> Generator[None]:
    """A second server, a mutant and a load run the lines again that a test on fakeredis runs."""
    on_valkey = "valkey" in request.node.name.partition("[")[2]
    again = on_valkey or request.path.stem.endswith(("_mutants", "_load"))
    with without_coverage() if again else nullcontext():
        yield
