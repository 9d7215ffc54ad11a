"""Files and folders: stored as content, loaded as private read-only copies."""

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from raincheck.blobs import MemoryBlobStore
from raincheck.materializers import (
    dump_value,
    load_value,
    materializer_named,
    scoped_copies,
    type_satisfies,
)
from raincheck.materializers.values import digest_of_parts
from raincheck_contracts.artifacts import Part
from raincheck_contracts.errors import BlobCorruptError, UnsupportedValueError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nested files, an empty folder and a script."""
    folder = tmp_path / "model.d"
    (folder / "weights" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "weights" / "deep" / "w.bin").write_bytes(b"\1\2\3")
    (folder / "weights" / "żółw.txt").write_text("slow")
    (folder / "nothing").touch()
    (folder / "run.sh").write_text("true")
    (folder / "run.sh").chmod(0o755)
    return folder


def round_trip(path: Path, store: MemoryBlobStore | None = None) -> Path:
    """Dump and load."""
    store = store or MemoryBlobStore()
    dumped = dump_value(path, store)
    loaded = load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline)
    assert isinstance(loaded, Path)
    return loaded


def tree(root: Path) -> dict[str, Any]:
    """Give what is below a folder: content and whether it can be executed."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        if path.is_file()
        else None
        for path in root.rglob("*")
    }


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_file_comes_back_read_only_under_its_name(tmp_path: Path, size: int) -> None:
    """The copy has the name and the content, and is not the original."""
    path = tmp_path / "data.csv"
    path.write_bytes(b"x" * size)
    loaded = round_trip(path)
    assert loaded.name == "data.csv"
    assert loaded != path
    assert loaded.read_bytes() == b"x" * size
    assert stat.S_IMODE(loaded.stat().st_mode) == 0o444


def test_folder_comes_back(folder: Path) -> None:
    """Names, content, empty folders and executable files are kept."""
    loaded = round_trip(folder)
    assert loaded.name == "model.d"
    assert tree(loaded) == tree(folder)


def test_copies_are_independent(folder: Path) -> None:
    """Each load is a copy of its own."""
    store = MemoryBlobStore()
    first = round_trip(folder, store)
    (first / "run.sh").unlink()
    (first / "new").touch()
    assert tree(round_trip(folder, store)) == tree(folder)
    copied = materializer_named("path@1").copy(folder)
    assert isinstance(copied, Path)
    assert tree(copied) == tree(folder)
    assert copied != folder


def test_digest_is_of_the_content(folder: Path, tmp_path: Path) -> None:
    """Where a folder lies and what it is called does not matter; what it holds does."""
    digest = dump_value(folder, MemoryBlobStore()).digest
    moved = folder.rename(tmp_path / "elsewhere")
    assert dump_value(moved, MemoryBlobStore()).digest == digest
    (moved / "nothing").rename(moved / "nothing2")
    assert dump_value(moved, MemoryBlobStore()).digest != digest


def test_copies_are_removed_with_their_scope(folder: Path) -> None:
    """A worker keeps them for the time of a step."""
    with scoped_copies():
        loaded = round_trip(folder)
        assert loaded.exists()
    assert not loaded.exists()
    assert round_trip(folder).exists()


def test_path_satisfies_its_annotation(folder: Path) -> None:
    """A version of a path fits a parameter that takes a path."""
    assert type_satisfies(dump_value(folder, MemoryBlobStore()).manifest, Path)


def test_links_and_special_files_are_refused(folder: Path) -> None:
    """A link would let a folder hold what lies outside of it."""
    link = folder / "weights" / "link"
    link.symlink_to("/etc/passwd")
    for path in (folder, link):
        with pytest.raises(UnsupportedValueError, match="link: it is a symbolic link"):
            dump_value(path, MemoryBlobStore())
    link.unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(UnsupportedValueError, match="pipe: it is a special file"):
        dump_value(folder, MemoryBlobStore())


def test_name_that_is_not_unicode_is_refused(folder: Path) -> None:
    """A file name that JSON cannot hold is told, with its folder."""
    (folder / os.fsdecode(b"\xff")).touch()
    with pytest.raises(UnsupportedValueError, match="not Unicode"):
        dump_value(folder, MemoryBlobStore())


def test_forged_tree_is_refused(folder: Path) -> None:
    """A tree that is no list of entries makes no files."""
    store = MemoryBlobStore()
    data = dump_value(folder, store).manifest.parts[0]
    for text in (b"{}", b"[3]", b'[{"path": 5, "size": -1}]'):
        blob = store.put(text)
        tree = Part(name="tree", media_type="x/y", digest=blob.digest, size=blob.size)
        manifest = dump_value(folder, store).manifest.model_copy(update={"parts": (data, tree)})
        with scoped_copies(), pytest.raises(BlobCorruptError):
            load_value(manifest, digest_of_parts((data, tree)), store)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "a//b", "."])
def test_forged_names_do_not_leave_the_copy(
    folder: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree that names places outside of the copy is refused."""
    store = MemoryBlobStore()
    dumped = dump_value(folder, store)
    blob = store.put(json.dumps([{"path": name, "size": 1}]).encode())
    data = dumped.manifest.parts[0]
    forged = Part(name="tree", media_type="x/y", digest=blob.digest, size=blob.size)
    manifest = dumped.manifest.model_copy(update={"parts": (data, forged)})
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scoped_copies(), pytest.raises(BlobCorruptError, match="file name"):
        load_value(manifest, digest_of_parts((data, forged)), store)
    assert not list(tmp_path.rglob("evil"))
