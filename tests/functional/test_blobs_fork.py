"""Forked workers: the parent uses the libraries, then the child does, and must not hang."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys, signal
from pathlib import Path
import numpy as np, pandas as pd, pyarrow, skops.io
from sklearn.linear_model import LinearRegression
from raincheck.blobs import LocalBlobStore
from raincheck.materializers import dump_value, load_value

store = LocalBlobStore(Path(sys.argv[1]))
rows = np.arange(400_000.0)

def use(n):
    frame = pd.DataFrame({"a": rows + n, "b": rows, "s": ["x"] * len(rows)})
    model = LinearRegression().fit(rows[:10].reshape(5, 2), rows[:5] + n)
    for value in ({"n": n}, rows + n, frame, model):
        dumped = dump_value(value, store)
        loaded = load_value(dumped.manifest, dumped.digest, store, inline=dumped.inline)
        assert type(loaded) is type(value)

kept_dumped = dump_value(pd.DataFrame({"a": rows, "b": rows}), store)
kept = (kept_dumped.manifest, kept_dumped.digest)
if sys.argv[2] == "used before":
    load_value(*kept, store)
    use(1)
children = []
for n in (2, 3):
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # a hang ends as a signal, not as a test that never ends
        try:
            use(n)
            load_value(*kept, store).iloc[0, 0] = -1
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
assert load_value(*kept, store).iloc[0, 0] == 0
print(codes)
"""


@pytest.mark.parametrize("before", ["used before", "imported only"])
def test_forked_child_dumps_and_loads(tmp_path: Path, before: str) -> None:
    """Every family works in a child, whether or not its parent used it before the fork."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path), before],
        capture_output=True,
        text=True,
        check=False,
        timeout=55,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[0, 0]", done.stderr
