"""Plays a page of the documentation beside a worker, in a folder of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.commands import environment, start
from tests.support.documentation import Block, CommandLine, blocks_of, command_lines
from tests.support.waiting import wait_until

_SCRIPT = Path(__file__).with_name("page_script.py")
#: They do not end by themselves, or have a test of their own that is as long as a page.
_ENDLESS = (("worker",), ("dev",), ("demo",))


@dataclass(frozen=True)
class Act:
    """A block that is played, and the `text` block after it, which shows what it prints."""

    block: Block
    shown: Block | None


@dataclass(frozen=True)
class Played:
    """What came of an act."""

    act: Act
    printed: str


def acts_of(page: Path) -> list[Act]:
    """What of a page is played."""
    blocks = [block for block in blocks_of(page) if block.reason is None]
    followers: list[Block | None] = [*blocks[1:], None]
    return [
        Act(block, _shown(follower))
        for block, follower in zip(blocks, followers, strict=False)
        if (block.language == "python" and block.file is None) or _commands(block)
    ]


def _shown(follower: Block | None) -> Block | None:
    if follower is None or follower.language != "text" or not follower.follows:
        return None
    return follower


def files_of(page: Path) -> dict[str, str]:
    """The files that a reader makes of a page's blocks."""
    return {block.file: block.text for block in blocks_of(page) if block.file}


def _commands(block: Block) -> list[CommandLine]:
    """The commands of a block that are played: ours, in the reader's own deployment."""
    if block.language != "sh" or "export RAINCHECK_" in block.text:
        return []
    unplayed = [["raincheck", *words] for words in _ENDLESS]
    return [
        line
        for line in command_lines(block)
        if line.words[0] in {"raincheck", "echo"}
        and not any(line.begins(words) for words in unplayed)
    ]


def play(page: Path, folder: Path) -> list[Played]:
    """Play a page.

    Args:
        page: of the documentation.
        folder: an empty one; becomes the reader's.

    Raises:
        AssertionError: an act failed.
    """
    acts, files = acts_of(page), files_of(page)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    orders = [_order(act) for act in acts]
    (folder / "acts.json").write_text(json.dumps(orders))
    modules = [name[:-3] for name, text in files.items() if "@step" in text]
    worker = _worker(folder, modules) if _queues(page) else None
    try:
        if worker is not None:
            _wait_for(worker, folder)
        done = subprocess.run(
            [sys.executable, _SCRIPT, "acts.json", "answers.json"],
            cwd=folder,
            env=environment(RAINCHECK_HOME=str(folder / ".raincheck")),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    finally:
        if worker is not None:
            worker.terminate()
            worker.wait(40)
    assert done.returncode == 0, done.stdout + done.stderr
    answers: list[str] = json.loads((folder / "answers.json").read_text())
    return [Played(act, printed) for act, printed in zip(acts, answers, strict=True)]


def _queues(page: Path) -> bool:
    played = [act.block.text for act in acts_of(page)]
    return any(
        word in text
        for text in played
        for word in (".delay(", "raincheck enqueue ", "raincheck deploy ")
    )


def _order(act: Act) -> dict[str, Any]:
    order: dict[str, Any] = {
        "place": act.block.place,
        "shown": act.shown.text if act.shown else None,
    }
    if act.block.language == "python":
        return {**order, "code": act.block.text}
    return {**order, "commands": [asdict(line) for line in _commands(act.block)]}


def _worker(folder: Path, modules: Sequence[str]) -> "subprocess.Popen[str]":
    variables = {"RAINCHECK_HOME": str(folder / ".raincheck"), "C_FORCE_ROOT": "1"}
    with (folder / "worker.log").open("w") as output:
        command = ["worker", *modules, "--concurrency", "1"]
        return start(command, folder, variables, output.fileno())


def _wait_for(worker: "subprocess.Popen[str]", folder: Path) -> None:
    log = folder / "worker.log"

    def ready() -> bool:
        assert worker.poll() is None, log.read_text()
        return "worker ready" in log.read_text()

    wait_until(ready, 60)
