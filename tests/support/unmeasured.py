"""Tests during which coverage is not measured."""

from collections.abc import Generator

import coverage
import pytest


@pytest.fixture(autouse=True)
def unmeasured() -> Generator[None]:
    """These run the same lines very often, which others run as well; measuring costs a third."""
    measuring = coverage.Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    yield
    measuring.start()
