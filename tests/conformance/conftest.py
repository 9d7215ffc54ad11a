"""The index behaves alike on each server: what is tested is Lua, whose lines nobody counts."""

from collections.abc import Generator
from contextlib import nullcontext

import pytest

from tests.support.measuring import without_coverage


@pytest.fixture(autouse=True)
def _not_measured(request: pytest.FixtureRequest) -> Generator[None]:
    """But for materializers, which have these tests alone."""
    measured = request.path.name.startswith("test_materializers")
    with nullcontext() if measured else without_coverage():
        yield
