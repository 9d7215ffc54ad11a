"""A small disk that can be full."""

import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from tests.support.programs import missing, program


@contextmanager
def small_disk(folder: Path, size: int, *, files: int = 0) -> Generator["SmallDisk"]:
    """Mount a disk of few bytes on a folder; the test is skipped where that is not allowed.

    Args:
        folder: made when it is not there.
        size: of the disk, in bytes.
        files: that it can hold; 0 is as many as there is room for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mount = [program("mount"), "-t", "tmpfs", "-o", f"size={size},nr_inodes={files}"]
    mount += ["none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        missing("permission to mount")
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily: a process of the scenario may still have a file open.
        subprocess.run([program("umount"), "-l", str(folder)], check=True)


class SmallDisk:
    """A disk that can be full.

    Args:
        folder: where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, leaving: int = 0) -> None:
        """Take all space but some bytes, and again what was freed meanwhile."""
        with self._ballast.open("ab") as ballast:
            while (room := self._free() - leaving) > 0:
                try:
                    os.write(ballast.fileno(), bytes(min(room, 65_536)))
                except OSError:
                    return

    def fill_with_files(self) -> None:
        """Let it hold no further file, though bytes."""
        with suppress(OSError):
            for number in count():
                (self.folder / f"ballast{number}").touch()

    def keep_full(self, seconds: float) -> None:
        """Fill it again and again for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.fill()
            time.sleep(0.05)  # what others have given back meanwhile is taken again

    def free(self) -> None:
        """Give the space back."""
        for ballast in self.folder.glob("ballast*"):
            ballast.unlink()

    def _free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize
