"""The lines of a child process, each with the name of the child before it."""

import subprocess
from threading import Thread

from rich.console import Console
from rich.text import Text

_WIDTH = 6  # of the longest name


def pass_on(process: "subprocess.Popen[bytes]", name: str, style: str, console: Console) -> Thread:
    """Print what a child writes, until it closes its output.

    Args:
        process: started with `stdout=PIPE`.
        name: put before each line.
        style: colour of the name, on a terminal.
        console: takes the lines.

    Returns:
        The thread that does it.
    """

    def pump() -> None:
        output = process.stdout
        assert output is not None  # noqa: S101 - started with a pipe
        with output:
            for written in output:
                text = written.decode(errors="replace").rstrip()
                if text:
                    line = Text.assemble((f"{name:<{_WIDTH}} | ", style), text)
                    console.print(line, soft_wrap=True)

    thread = Thread(target=pump, name=f"lines of {name}", daemon=True)
    thread.start()
    return thread
