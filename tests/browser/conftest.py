"""One browser for all tests of a process."""

from collections.abc import Generator

import pytest

from tests.support.browser import Browser, running_browser


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """A real Chromium; without one the tests are skipped, and fail in CI."""
    with running_browser() as browser:
        yield browser
