"""The folder of the blobs: can it be written and synced, is there room."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from raincheck.blobs import LocalBlobStore
from raincheck.settings import Settings
from raincheck_contracts.errors import BlobWriteError, SettingsError
from raincheck_workers.cli.rendering.words import size
from raincheck_workers.fitness.check import Check, ok, problem, warning

_LITTLE, _NONE = 1_000_000_000, 50_000_000  # bytes


def blob_checks(settings: Settings) -> Iterator[Check]:
    """Look at the folder of the blobs."""
    try:
        folder = settings.blob_folder
    except SettingsError as error:
        yield problem("blobs", str(error), "Correct RAINCHECK_STORE")
        return
    yield _writing(folder, strict=settings.strict)
    yield disk_space(folder, _free(folder))


def _writing(folder: Path, *, strict: bool) -> Check:
    try:
        with LocalBlobStore(folder).writer() as writer:  # not committed: leaves nothing
            writer.write(b"doctor")
        if strict:
            _sync(folder)
    except BlobWriteError as error:
        return problem("blobs", f"{folder}: {error.problem}", error.remedy)
    except OSError as error:
        remedy = "Use a file system that can, or RAINCHECK_DURABILITY=relaxed"
        return problem("blobs", f"{folder} cannot be synced: {error.strerror}", remedy)
    return ok("blobs", f"{folder} can be written" + (" and synced" if strict else ""))


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _free(folder: Path) -> int:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(existing).free


def disk_space(folder: Path, free: int) -> Check:
    """Whether so many bytes are enough for a folder of blobs."""
    found = f"{size(free)} are free for {folder}"
    if free < _NONE:
        return problem("disk space", found, "Free some, or move RAINCHECK_STORE")
    if free < _LITTLE:
        return warning("disk space", found, "Free some soon, or move RAINCHECK_STORE")
    return ok("disk space", found)
