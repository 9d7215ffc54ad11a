"""Reads docker-compose.yml as Docker Compose does: YAML first, then its variables."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
# The innermost variables: those whose default holds none.
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^${}]*))?\}")


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Replace `${NAME}`, `${NAME:-default}` and `${NAME:?problem}`, also within defaults.

    Raises:
        LookupError: a variable that is required is not given; says its problem.
    """

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        given = variables.get(name)
        if not given and kind == "?":
            raise LookupError(f"{name}: {rest}")
        return given or (rest if kind == "-" else "")

    while (replaced := _VARIABLE.sub(value, text)) != text:
        text = replaced
    return text


def compose_file(**variables: str) -> Any:
    """The document of docker-compose.yml.

    Raises:
        LookupError: a variable that is required is not given.
    """
    return _each_text(yaml.safe_load((ROOT / "docker-compose.yml").read_text()), variables)


def _each_text(node: Any, variables: Mapping[str, str]) -> Any:
    match node:
        case dict():
            return {key: _each_text(item, variables) for key, item in node.items()}
        case list():
            return [_each_text(item, variables) for item in node]
        case str():
            return interpolated(node, variables)
        case _:
            return node


def service_command(service: Mapping[str, Any]) -> list[str]:
    """The command line of a service of our image, whose entry point is `raincheck`."""
    return [*service.get("entrypoint", ["raincheck"]), *service.get("command", [])]
