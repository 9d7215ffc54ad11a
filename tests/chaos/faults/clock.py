"""Wall clocks that jump, for one process and its children; the monotonic clock goes on."""

from pathlib import Path

from tests.support.programs import missing


class FakeClock:
    """A wall clock that a test sets.

    Args:
        file: says by how many seconds the clock is wrong.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    def jump(self, seconds: float) -> None:
        """Set the clock to so many seconds after the true time; also running processes see it."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+.3f}")
        new.replace(self._file)  # whole, for a reader that looks now

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the processes that shall see this clock."""
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
        if library is None:
            missing("libfaketime")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
