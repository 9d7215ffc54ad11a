"""Files and folders: a `pathlib.Path` stands for the content it names."""

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from raincheck.materializers.base import DumpTarget, Parts, PartWriter
from raincheck.materializers.json_values import json_bytes
from raincheck.materializers.path_copies import new_copy_folder
from raincheck_contracts._base import JsonValue
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.errors import BlobCorruptError, UnsupportedValueError

_MEDIA_TYPE = "application/octet-stream"
_TREE_TYPE = "application/vnd.raincheck.tree+json"
_CHUNK = 8 * 1024 * 1024


class PathMaterializer:
    """Stores the file or folder that a path names; loads a read-only private copy of it.

    Kept: names, content, whether a file is executable, empty folders. Not kept: owners,
    times and other modes. Symbolic links and special files are refused. A folder is one
    blob of its files one after another, and one of their names and sizes.
    """

    name = "path"
    version = 1
    cacheable = False

    def handles(self, value: object) -> bool:
        """Whether `value` is a `pathlib.Path`."""
        return isinstance(value, Path)

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write the content of the file or folder.

        Raises:
            UnsupportedValueError: if it does not exist, or is or holds a link or special
                file.
        """
        path = cast("Path", value)
        if path.name in {"", ".."}:
            raise UnsupportedValueError(
                str(path), "the path does not end with a name", "Return path.resolve()"
            )
        entry: dict[str, JsonValue] = {"name": _checked_name(path.name, path)}
        if stat.S_ISDIR(_mode(path)):
            with out.part("data", _MEDIA_TYPE) as part:
                tree: list[JsonValue] = [*_dump_folder(path, "", part)]
            out.put(json_bytes(tree, str(path)), _TREE_TYPE, "tree")
        else:
            with out.part("data", _MEDIA_TYPE) as part:
                entry |= _dump_file(path, part)
        out.remember(entry)

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Make a private copy, whose files are read-only.

        Returns:
            The path of the copy; its last component is that of the stored path.

        Raises:
            BlobCorruptError: if a stored name would leave the folder of the copy.
        """
        del annotation
        target = new_copy_folder() / _loaded_name(manifest, manifest.schema_.get("name"))
        data = parts.buffer()
        if all(part.name != "tree" for part in manifest.parts):
            _write(target, data, executable=bool(manifest.schema_.get("executable")))
            return target
        tree: JsonValue = json.loads(str(parts.buffer("tree"), "utf-8"))
        target.mkdir()
        for entry in tree if isinstance(tree, list) else [tree]:
            data = _load_entry(manifest, target, entry, data)
        return target

    def copy(self, value: object) -> object:
        """Copy the file or folder to a new place."""
        path = cast("Path", value)
        target = new_copy_folder() / path.name
        return Path(shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target))


def _load_entry(manifest: Manifest, root: Path, entry: JsonValue, data: memoryview) -> memoryview:
    """Make one file or folder below `root`; give the data that is left for the others."""
    if not isinstance(entry, dict):
        raise BlobCorruptError(manifest.parts[0].digest, "the store", f"it holds {entry!r}")
    path = entry.get("path")
    pieces = path.split("/") if isinstance(path, str) else [path]
    place = root.joinpath(*(_loaded_name(manifest, piece) for piece in pieces))
    size = entry.get("size")
    if not isinstance(size, int):
        place.mkdir()
        return data
    _write(place, data[:size], executable=bool(entry.get("executable")))
    return data[size:]


def _dump_folder(folder: Path, prefix: str, part: PartWriter) -> Iterator[dict[str, JsonValue]]:
    for path in sorted(folder.iterdir()):
        name = prefix + _checked_name(path.name, path)
        if stat.S_ISDIR(_mode(path)):
            yield {"path": name}
            yield from _dump_folder(path, name + "/", part)
        else:
            yield {"path": name, **_dump_file(path, part)}


def _dump_file(path: Path, part: PartWriter) -> dict[str, JsonValue]:
    size = 0
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(fd, "rb", buffering=0) as file:  # noqa: PTH123 - from a descriptor
        executable = bool(os.fstat(fd).st_mode & stat.S_IXUSR)
        buffer = memoryview(bytearray(min(_CHUNK, max(1, os.fstat(fd).st_size))))
        while count := file.readinto(buffer):
            size += part.write(buffer[:count])
    entry: dict[str, JsonValue] = {"size": size}
    return entry | {"executable": True} if executable else entry


def _mode(path: Path) -> int:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError as error:
        remedy = (
            "Write it before the step returns; a path that is only a name is returned as str(path)"
        )
        raise UnsupportedValueError(str(path), "there is no such file or folder", remedy) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a special file"
        raise UnsupportedValueError(str(path), f"it is {kind}", "Copy what it stands for")
    return mode


def _checked_name(name: str, path: Path) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        problem = "its name is not Unicode"
        raise UnsupportedValueError(repr(str(path)), problem, "Rename it") from error
    return name


def _loaded_name(manifest: Manifest, name: JsonValue) -> str:
    if not isinstance(name, str) or name in {"", ".", ".."} or not {"/", "\0"}.isdisjoint(name):
        problem = f"it holds the file name {name!r}"
        raise BlobCorruptError(manifest.parts[0].digest, "the store", problem)
    return name


def _write(path: Path, content: Any, *, executable: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123 - from a descriptor
        file.write(content)
    path.chmod(0o555 if executable else 0o444)
