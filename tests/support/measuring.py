"""Tests that coverage does not measure: they run lines often that other tests measure."""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def without_coverage() -> Generator[None]:
    """No line that this thread and its new threads run counts: it costs half as much time again.

    Coverage is not told, as its own stop and start wrap `os._exit` once more each time.
    """
    here, new = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(new)
        sys.settrace(here)
