"""Noticing that the files of some modules have changed."""

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType


class WatchedModules:
    """The Python files of modules; of a package, all below it.

    Args:
        modules: imported ones.
    """

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        files = [getattr(module, "__file__", None) for module in modules]
        self._places = [_place(Path(file)) for file in files if file]
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether a file was written, made or removed since the last question."""
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def _look(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        for place in self._places:
            for path in place.rglob("*.py") if place.is_dir() else [place]:
                try:
                    found[path] = path.stat().st_mtime_ns
                except FileNotFoundError:
                    continue  # an editor is replacing it
        return found


def _place(file: Path) -> Path:
    return file.parent if file.name == "__init__.py" else file
