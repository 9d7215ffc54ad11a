"""Wall clocks that jump, for one process and its children; the monotonic clock goes on."""

import subprocess
import sys
from pathlib import Path

from tests.support.programs import program

_SOURCE = Path(__file__).with_suffix(".c")


class FakeClock:
    """A wall clock that a test sets.

    Args:
        folder: for the clock's library, and for the file that says how wrong it is.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._file = folder / "clock"
        self._library = folder / "clock.so"
        self.jump(0)
        command = [program("gcc"), "-O2", "-shared", "-fPIC", "-Wall", "-Werror"]
        subprocess.run([*command, "-o", str(self._library), str(_SOURCE)], check=True)

    def jump(self, seconds: int) -> None:
        """Set the clock to so many seconds after the true time; also running processes see it."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))  # in place: it is mapped

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the processes that shall see this clock."""
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}
