"""Checks of names that callers hand in."""

import re

from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.names import ARTIFACT_NAME_PATTERN, VERSION_NAME_PATTERN


def check_artifact_name(call: str, name: object) -> None:
    """Refuse what is no artifact name.

    Raises:
        ArgumentError: names the call and the name.
    """
    _check(call, "name", name, ARTIFACT_NAME_PATTERN)


def check_version_name(call: str, argument: str, name: object) -> None:
    """Refuse what is no version name or tag.

    Raises:
        ArgumentError: names the call, the argument and the name.
    """
    _check(call, argument, name, VERSION_NAME_PATTERN)


def _check(call: str, argument: str, text: object, pattern: str) -> None:
    if not isinstance(text, str) or re.fullmatch(pattern, text) is None:
        problem = f"{argument} {text!r:.80} cannot be one"
        remedy = "Use up to 64 letters, digits, '.', '_', '-', the first a letter or digit"
        raise ArgumentError(call, problem, f"{remedy}; an artifact's name is in lower case")
