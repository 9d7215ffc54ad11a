"""A command on a terminal of its own."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from tests.support.commands import SCRIPTS, environment

_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Terminal:
    """What a command writes to its terminal."""

    process: "subprocess.Popen[bytes]"
    keyboard: int
    """File descriptor of what a person types."""
    written: bytearray = field(default_factory=bytearray)

    def write(self, typed: bytes) -> None:
        """Type something."""
        os.write(self.keyboard, typed)

    @property
    def raw(self) -> str:
        """All that was written, with the sequences that move the cursor and set colours."""
        return self.written.decode(errors="replace")

    @property
    def words(self) -> str:
        """The same without them."""
        return _SEQUENCE.sub("", self.raw)


@contextmanager
def on_terminal(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str], columns: int = 100
) -> Generator[Terminal]:
    """Start the command with a terminal as its standard streams; kill it at the end.

    Args:
        arguments: of the command.
        folder: where it works.
        variables: of its environment, beside those of this process.
        columns: width of the terminal.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = subprocess.Popen(
        [SCRIPTS / "raincheck", *arguments],
        cwd=folder,
        env=_of_this_terminal(environment(TERM="xterm", **variables)),
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    terminal = Terminal(process, ours)
    reader = Thread(target=_read, args=(ours, terminal.written), daemon=True)
    reader.start()
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        reader.join(10)
        os.close(ours)


def _of_this_terminal(variables: Mapping[str, str]) -> dict[str, str]:
    # pytest-xdist names a size of its own there, which would count more than the terminal's.
    return {name: text for name, text in variables.items() if name not in {"COLUMNS", "LINES"}}


def _read(terminal: int, written: bytearray) -> None:
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # Linux: nobody holds the other end any more
            return
        if not part:
            return
        written += part
