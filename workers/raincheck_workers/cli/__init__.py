"""The `raincheck` command: reads the index and prints, queues, starts workers.

The docstring of a command is the help text that a person reads. Whatever a command
raises of the tree of `RaincheckError` becomes one line and an exit code, in
`error_lines.py`.
"""

from raincheck_workers.cli.application import app, main

__all__ = ["app", "main"]
