"""A child that is forked while a thread sends can send as well."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# In a process of its own: pytest's has threads and warnings of its own. Each child has the
# after-fork work of Celery's pool done, as there, and three seconds to send a hint.
SCRIPT = """
import contextlib, os, signal, sys, threading
from pathlib import Path
import billiard.util
from raincheck import Deployment, read_settings
from raincheck.index.replies import Message
from raincheck.messaging import hints as hints_module

if sys.argv[3] == "unguarded":
    hints_module.not_while_forking = contextlib.nullcontext
hints = Deployment(read_settings(home=Path(sys.argv[1]), url=sys.argv[2])).hints
message = Message("r" * 32, "p", "forks", None, '{"name":"s","function":"m:s"}')
assert hints.send([message]) == 1

def send_on():
    while True:
        hints.send([message])

for _ in range(2):
    threading.Thread(target=send_on, daemon=True).start()
for number in range(60):
    child = os.fork()
    if child == 0:
        signal.alarm(3)
        billiard.util._run_after_forkers()
        os._exit(0 if hints.send([message]) == 1 else 1)
    status = os.waitpid(child, 0)[1]
    if status:
        print(f"child {number} ended with status {status}", flush=True)
        os._exit(1)
print("all sent", flush=True)
os._exit(0)
"""


def _forking(url: str, home: Path, mode: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(home), url, mode],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return shown.stdout.strip() or shown.stderr


@pytest.mark.functional
def test_a_child_forked_during_a_send_does_not_hang(valkey_url: str, tmp_path: Path) -> None:
    """A worker's main process sends from threads while it replaces processes of its pool."""
    assert _forking(valkey_url, tmp_path, "guarded") == "all sent"


@pytest.mark.functional
def test_without_the_guard_a_child_hangs(valkey_url: str, tmp_path: Path) -> None:
    """The mutant: a lock of Celery's is inherited locked, and SIGALRM ends the child."""
    assert _forking(valkey_url, tmp_path, "unguarded").endswith("ended with status 14")
