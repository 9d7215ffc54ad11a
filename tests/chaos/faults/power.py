"""A power cut: the server is gone, and so is what its disk was not told to keep."""

import os
import re
from pathlib import Path

from tests.chaos.faults.server import ChaosServer, append_only_file
from tests.support.programs import program
from tests.support.waiting import wait_until

_END = re.compile(r"\+\+\+ (killed|exited)")
_CALL = re.compile(
    r"^(?P<thread>\d+) +(?P<resumed><\.\.\. )?(?P<call>write|fdatasync|fsync)"
    r"(?: resumed>|\(\d+<(?P<file>[^>]*)>)"
    r".*?(?:(?P<unfinished><unfinished)|\) += (?P<result>-?\d+))"
)


class PowerCut:
    """Takes a server's power: what its disk was not told to keep is lost.

    The server runs under strace, which writes down each write to the append-only file and
    each completed sync. A cut kills it and shortens the file to what was synced.

    Args:
        server: not started yet; it is given its launcher.
        trace: file for strace's notes.
        sync_time: seconds more that each sync takes; so much is lost at least when the server
            acknowledges before it syncs.
    """

    def __init__(self, server: ChaosServer, trace: Path, *, sync_time: float = 0.0) -> None:
        self._server = server
        self._trace = trace
        # -D: strace is the server's grandchild, so that the process that is killed is the server.
        server.launcher = (
            *(program("strace"), "-D", "-f", "--seccomp-bpf", "-y", "-s", "0"),
            *("-e", "trace=write,fdatasync,fsync", "-o", str(trace)),
            *("-e", f"inject=fdatasync:delay_enter={sync_time * 1e6:.0f}"),
        )

    def start(self) -> float:
        """Start the server; what its file holds is on the disk.

        Returns:
            The seconds until it answers.
        """
        self._trace.unlink(missing_ok=True)
        file = append_only_file(self._server)
        self._before = file.stat().st_size if file.exists() else 0
        return self._server.start()

    def cut(self) -> int:
        """Kill the server and lose what was not synced.

        Returns:
            The bytes that were lost.
        """
        server = self._server.pid
        self._server.kill()
        wait_until(lambda: self._has_ended(server), 10)
        file = append_only_file(self._server)
        kept = self._before + synced_bytes(self._trace.read_text(errors="replace"), str(file))
        lost = file.stat().st_size - kept
        os.truncate(file, kept)
        return lost

    def _has_ended(self, server: int) -> bool:
        lines = self._trace.read_text(errors="replace").splitlines()
        return bool(lines and _END.search(lines[-1]) and lines[-1].startswith(f"{server} "))


def synced_bytes(trace: str, file: str) -> int:
    """Bytes that were written to a file before its last completed sync began.

    Args:
        trace: strace's notes of `write`, `fdatasync` and `fsync`, with paths (`-f -y`).
        file: the path.
    """
    written = synced = 0
    begun: dict[str, tuple[str, int]] = {}  # by thread: its unfinished call's file, and `written`
    for line in trace.splitlines():
        call = _CALL.match(line)
        if call is None:
            continue
        at_begin = (
            begun.pop(call["thread"], ("", 0)) if call["resumed"] else (call["file"], written)
        )
        if call["unfinished"]:
            begun[call["thread"]] = at_begin
        elif at_begin[0] == file and call["call"] == "write":
            written += max(0, int(call["result"]))
        elif at_begin[0] == file and call["result"] == "0":
            synced = max(synced, at_begin[1])
    return synced
