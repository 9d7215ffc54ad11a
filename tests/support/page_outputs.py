"""Write anew what the pages show of outputs: `python -m tests.support.page_outputs [PAGE...]`."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.support.documentation import PAGES
from tests.support.page_play import Played, acts_of, play
from tests.support.page_script import matches


def _write(page: Path, played: Played) -> None:
    shown = played.act.shown
    if shown is None or matches(shown.text, played.printed):
        return
    lines = (line.rstrip() for line in played.printed.strip("\n").splitlines())
    printed = "\n".join(lines) + "\n"
    page.write_text(
        page.read_text().replace(f"```text\n{shown.text}```", f"```text\n{printed}```", 1)
    )


def main(names: list[str]) -> None:
    """Play pages and write the outputs that differ."""
    for page in [Path(name).absolute() for name in names] or PAGES:
        if any(act.shown for act in acts_of(page)):
            folder = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
            for played in play(page, folder):
                _write(page, played)
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
