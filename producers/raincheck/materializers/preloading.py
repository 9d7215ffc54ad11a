"""Importing early what storing and loading will need."""

import importlib
import sys

# What the materializers import at first use, by the library whose values they store.
_NEEDED = {
    "numpy": ("numpy.lib.format",),
    "pandas": ("pyarrow", "pyarrow.ipc"),
    "sklearn": ("skops.io",),
}


def preload() -> None:
    """Import what belongs to the libraries that are imported already.

    A worker calls it before it forks: its children then share the modules instead of
    importing them one by one, which takes a second or two for scikit-learn. Nothing is
    imported for libraries that no pipeline uses.
    """
    for library, needed in _NEEDED.items():
        if library in sys.modules:
            for module in needed:
                importlib.import_module(module)
