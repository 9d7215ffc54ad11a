"""Pictures of a run as files."""

import secrets
import tempfile
import time
import webbrowser
from contextlib import suppress
from pathlib import Path

from raincheck.queueing.run_handle import RunHandle
from raincheck.queueing.run_report import with_present_misses
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.graph.mermaid import mermaid
from raincheck_workers.cli.graph.model import run_graph
from raincheck_workers.cli.graph.page import page
from raincheck_workers.cli.graph.svg import svg_file
from raincheck_workers.cli.output import messages

_PAGE = ".html"
_SUFFIXES = (".mmd", ".svg", _PAGE)


def picture(handle: RunHandle, suffix: str) -> str:
    """The run as a picture of this moment.

    Args:
        handle: of the run.
        suffix: `.mmd`, `.svg` or `.html`.

    Raises:
        RunNotFoundError: its records are gone.
    """
    index = handle.deployment.index
    run, spec = with_present_misses(index, handle.run()), index.records.spec(handle.id)
    if suffix == _PAGE:
        return page(run, spec, round(time.time() * 1000))
    graph = run_graph(run, spec)
    return mermaid(graph) if suffix == ".mmd" else svg_file(graph, f"{run.pipeline}: {run.status}")


def save_picture(handle: RunHandle, file: Path | None, *, opened: bool) -> Path:
    """Write a picture whole, or leave the file as it was.

    Args:
        handle: of the run.
        file: whose suffix says which picture; None is a page in a new temporary folder.
        opened: whether it is meant for the browser.

    Returns:
        The file.

    Raises:
        ArgumentError: the suffix names no picture, or the file cannot be written.
    """
    if file is None:
        file = Path(tempfile.mkdtemp(prefix="raincheck-")) / f"{handle.id}{_PAGE}"
    suffix = file.suffix.lower()
    if suffix not in _SUFFIXES:
        problem = f"{str(file)!r} names no kind of picture"
        raise ArgumentError(
            "--output", problem, f"End it in {', '.join(_SUFFIXES[:-1])} or {_PAGE}"
        )
    if opened and suffix != _PAGE:
        raise ArgumentError("--open", f"{str(file)!r} is no page", f"End it in {_PAGE}")
    write_whole(file, picture(handle, suffix))
    return file


def write_whole(file: Path, text: str) -> None:
    """Write a file whole, or leave it as it was.

    Raises:
        ArgumentError: it cannot be written.
    """
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        with suppress(OSError):  # whatever kept it from being written may keep it from going
            fresh.unlink()
        problem = f"cannot write {str(file)!r}: {error.strerror}"
        raise ArgumentError("--output", problem, "Name a file in a folder that is yours") from error


def open_page(file: Path) -> None:
    """Show a page in the default browser; say so when there is none."""
    if not webbrowser.open(file.absolute().as_uri()):
        messages().print("no browser was found; open the file yourself")
