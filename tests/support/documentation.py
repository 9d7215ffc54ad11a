"""The pages of the documentation and the blocks of code in them."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>.+?) -->\n)?^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"# ((?:\w+/)*\w+\.\w+)\n")  # within the folder of the reader
_INLINE = re.compile(r"`((?:raincheck|celery -A raincheck_workers) [^`.]+)`")
_CAPTURE = re.compile(r"(\w+)=\$\((.+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    reason: str | None
    """Why it is not run; None when it is."""
    follows: bool
    """Whether nothing stands between it and the block before."""

    @property
    def place(self) -> str:
        """`docs/tutorial.md:12`."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that a reader makes of it, named in its first line."""
        named = _FILE.match(self.text)
        return named[1] if named else None


@dataclass(frozen=True)
class CommandLine:
    """One command of a `sh` block."""

    words: tuple[str, ...]
    variable: str | None = None
    """What takes its output, in `variable=$(...)`."""

    def begins(self, words: Sequence[str]) -> bool:
        """Whether it is this command."""
        return list(self.words[: len(words)]) == list(words)


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text()
    blocks: list[Block] = []
    end = 0
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("language")) + 1
        follows = bool(blocks) and not text[end : found.start()].strip()
        block = Block(page, line, found["language"], found["text"], found["reason"], follows)
        blocks.append(block)
        end = found.end()
    return blocks


def commands_in_prose(page: Path) -> list[CommandLine]:
    """The commands in the sentences of a page: `raincheck ...` between backticks."""
    prose = _BLOCK.sub("", page.read_text())
    return [CommandLine(tuple(shlex.split(text))) for text in _INLINE.findall(prose)]


def command_lines(block: Block) -> Iterator[CommandLine]:
    """The commands of a `sh` block."""
    for line in block.text.replace("\\\n", " ").splitlines():
        captured = _CAPTURE.fullmatch(line)
        words = tuple(shlex.split(captured[2] if captured else line, comments=True))
        if words:
            yield CommandLine(words, captured[1] if captured else None)
