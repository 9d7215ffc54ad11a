"""An artifact never gives code: no pickle when loading, no import that is not needed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from raincheck.blobs import LocalBlobStore
from raincheck.materializers import dump_value
from raincheck_contracts.artifacts import Part

LOADER = """
import json, sys
from pathlib import Path
from raincheck.blobs import LocalBlobStore
from raincheck.materializers import load_value
from raincheck_contracts.artifacts import Manifest, Part
import numpy, pandas, pyarrow, sklearn, skops.io

seen = []
FORBIDDEN = {"pickle.find_class", "os.system", "subprocess.Popen", "os.exec"}
sys.addaudithook(lambda event, _: seen.append(event) if event in FORBIDDEN else None)
store = LocalBlobStore(Path(sys.argv[1]))
loaded = []
for line in sys.stdin:
    entry = json.loads(line)
    manifest = Manifest.model_validate(entry["manifest"])
    load_value(manifest, entry["digest"], store)
    loaded.append(manifest.materializer)
# The hook works: what it must see, it sees.
before = list(seen)
import pickle
pickle.loads(pickle.dumps(Part))
print(json.dumps({"loaded": loaded, "seen": before, "hook": "pickle.find_class" in seen}))
"""


def test_no_load_uses_pickle_or_starts_a_process(tmp_path: Path) -> None:
    """An audit hook sees no class looked up by pickle while every family is loaded."""
    numbers = np.arange(40.0).reshape(20, 2)
    target = numbers[:, 0] * 3
    file = tmp_path / "file"
    file.write_text("x")
    values: list[object] = [
        {"a": [1, None]},
        Part(name="data", media_type="x/y", digest="b3:" + "0" * 64, size=1),
        b"bytes",
        file,
        np.float64(1.5),
        numbers,
        pd.DataFrame({"x": [1.5], "s": ["a"], "o": pd.Series([b"x"], dtype=object)}),
        pd.Series(pd.Categorical(["a", "b"]), name="c"),
        LinearRegression().fit(numbers, target),
        RandomForestRegressor(3).fit(numbers, target),
        GradientBoostingRegressor(n_estimators=3).fit(numbers, target),
        make_pipeline(StandardScaler(), KNeighborsRegressor()).fit(numbers, target),
    ]
    store = LocalBlobStore(tmp_path / "blobs")
    lines: list[str] = []
    for value in values:
        dumped = dump_value(value, store, inline_limit=-1)
        manifest = json.loads(dumped.manifest.canonical_json())
        lines.append(json.dumps({"digest": dumped.digest, "manifest": manifest}))
    done = subprocess.run(
        [sys.executable, "-c", LOADER, store.place],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert len(result["loaded"]) == len(values)
    assert {name.partition("@")[0] for name in result["loaded"]} == {
        *("json", "pydantic-json", "bytes", "path", "npy", "arrow-frame", "skops")
    }
    assert result["hook"]
    assert result["seen"] == []


def test_importing_materializers_imports_no_heavy_library() -> None:
    """A producer that stores JSON does not wait for pandas."""
    script = """
import sys
import raincheck.materializers as m
from raincheck.blobs import MemoryBlobStore
store = MemoryBlobStore()
dumped = m.dump_value({"a": 1}, store)
assert m.load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline) == {"a": 1}
print([name for name in ("numpy", "pandas", "pyarrow", "sklearn", "skops") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
