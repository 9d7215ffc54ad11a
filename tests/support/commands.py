"""The installed `raincheck` command as a process of its own, and what it leaves behind."""

import os
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Folder of the installed commands.
SCRIPTS = Path(sysconfig.get_path("scripts"))


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with changes."""
    return {**os.environ, **changes}  # noqa: TID251 - to hand it on


def start(
    arguments: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    output: int = subprocess.PIPE,
    program: str = "raincheck",
) -> "subprocess.Popen[str]":
    """Start the command and return at once.

    Args:
        arguments: of the command.
        folder: where it works.
        variables: of its environment, beside those of this process.
        output: where standard output goes.
        program: another of the installed commands.
    """
    return subprocess.Popen(
        [SCRIPTS / program, *arguments],
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE if output == subprocess.PIPE else subprocess.STDOUT,
        text=True,
    )


def run(
    arguments: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    timeout: float = 60.0,
    program: str = "raincheck",
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end.

    Args:
        arguments: of the command.
        folder: where it works.
        variables: of its environment, beside those of this process.
        timeout: seconds.
        program: another of the installed commands.
    """
    process = start(arguments, folder, variables, program=program)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
        process.wait()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def processes_of(text: str) -> list[int]:
    """Living processes whose command line or environment holds a text; Linux only."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            known = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue  # it has ended, or is not ours
        if text.encode() in known and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
