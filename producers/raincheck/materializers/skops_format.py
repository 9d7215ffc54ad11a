"""The skops format, written so that equal estimators give equal bytes.

skops names its files after memory addresses and stamps them with the time of day. Here
the same archive is written again with numbers in order of appearance and a fixed date.
"""

import io
import json
import zipfile
from typing import Any

import numpy as np
import sklearn
import skops.io
import skops.io.exceptions
from numpy.lib import format as npy_format

from raincheck.materializers.base import DumpTarget, Parts
from raincheck.materializers.npy import npy_file
from raincheck.materializers.trusted_types import trusted_types
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.errors import (
    BlobCorruptError,
    IncompatibleVersionError,
    UnsupportedValueError,
    UntrustedTypeError,
)

_MEDIA_TYPE = "application/vnd.skops"
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of the zip format


def dump(value: object, out: DumpTarget) -> None:
    """Write an estimator as one part.

    Raises:
        UntrustedTypeError: if it holds types that could not be loaded.
        UnsupportedValueError: if skops refuses a part of it.
    """
    try:
        archive: bytes = skops.io.dumps(value)
    except (skops.io.exceptions.UnsupportedTypeException, TypeError, ValueError) as error:
        raise UnsupportedValueError(
            f"estimator {type(value).__name__}",
            f"skops cannot store it: {error}",
            "Store the parts that you need as outputs of their own",
        ) from error
    # Only to report: what a file asks for is never what is trusted.
    missing = set(skops.io.get_untrusted_types(data=archive)) - trusted_types()
    if missing:
        raise UntrustedTypeError(tuple(sorted(missing)))
    out.put(_repeatable(archive), _MEDIA_TYPE)
    out.remember(
        {},
        versions={"scikit-learn": sklearn.__version__, "skops": skops.__version__},
        safety="allowlist",
    )


def load(manifest: Manifest, parts: Parts) -> object:
    """Rebuild an estimator.

    Raises:
        IncompatibleVersionError: if another minor release of scikit-learn wrote it.
        UntrustedTypeError: if it holds types that are not trusted in this process.
        BlobCorruptError: if the bytes are not an estimator.
    """
    written = manifest.versions.get("scikit-learn", "none")
    if written.split(".")[:2] != sklearn.__version__.split(".")[:2]:
        raise IncompatibleVersionError("scikit-learn", written, sklearn.__version__)
    trusted = trusted_types()
    data = bytes(parts.buffer())
    try:
        value: object = skops.io.loads(data, trusted=sorted(trusted))
    except skops.io.exceptions.UntrustedTypesFoundException as error:
        missing = set(skops.io.get_untrusted_types(data=data)) - trusted
        raise UntrustedTypeError(tuple(sorted(missing))) from error
    except (zipfile.BadZipFile, AttributeError, LookupError, TypeError, ValueError) as error:
        problem = f"it is not an estimator that can be read here: {error}"
        raise BlobCorruptError(manifest.parts[0].digest, "the store", problem) from error
    return value


def _repeatable(archive: bytes) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(result, "w") as new:
        schema = json.loads(old.read(_SCHEMA))
        numbers = _Numbers()
        numbers.renumber(schema)
        for before, after in numbers.files.items():
            new.writestr(zipfile.ZipInfo(after, _EPOCH), _without_padding(old.read(before)))
        text = json.dumps(schema, separators=(",", ":"))
        new.writestr(zipfile.ZipInfo(_SCHEMA, _EPOCH), text)
    return result.getvalue()


def _without_padding(member: bytes) -> bytes:
    # The nodes of a tree have gaps between their fields, filled with whatever was there.
    if not member.startswith(npy_format.MAGIC_PREFIX):
        return member
    array = np.load(io.BytesIO(member), allow_pickle=False)
    if array.dtype.fields is None:
        return member
    header, memory, _ = npy_file(array)
    return header + memory


class _Numbers:
    """Replaces memory addresses in a skops schema by numbers in order of appearance."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self._next = 0
        self.files: dict[str, str] = {}

    def renumber(self, state: Any) -> None:
        if isinstance(state, dict):
            if "__id__" in state and "__loader__" in state:
                state["__id__"] = self._number(state)
            if isinstance(file := state.get("file"), str):
                extension = file.rpartition(".")[2]
                state["file"] = self.files.setdefault(file, f"{len(self.files)}.{extension}")
            for member in state.values():
                self.renumber(member)
        elif isinstance(state, list):
            for member in state:
                self.renumber(member)

    def _number(self, state: dict[str, Any]) -> int:
        self._next += 1
        if state["__loader__"] == "JsonNode":
            # Whether two equal numbers or strings are one object is chance: not recorded.
            return self._next
        return self._ids.setdefault(state["__id__"], self._next)
