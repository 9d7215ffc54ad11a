"""These tests are held against models and cases, not against the lines that they run."""

from collections.abc import Generator

import pytest

from tests.support.measuring import unmeasured


@pytest.fixture(autouse=True)
def _not_measured() -> Generator[None]:
    """Other tests measure the same lines."""
    with unmeasured():
        yield
