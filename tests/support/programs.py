"""Programs beside Python that some tests need."""

import os
import shutil
from typing import NoReturn

import pytest


def program(name: str) -> str:
    """The path of a program; the test is skipped without it, and fails where CI must run it.

    Args:
        name: as it is called in a shell.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        missing(name)
    return found


def missing(name: str) -> NoReturn:
    """Skip the test for want of a program or library; fail where CI must run it."""
    problem = f"{name} is not installed"
    if os.environ.get("TEST_PROGRAMS") == "required":  # noqa: TID251 - set by .ci/run
        pytest.fail(problem)
    pytest.skip(problem)
