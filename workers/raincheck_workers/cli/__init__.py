"""The `raincheck` command: reads the index and prints, queues, starts workers."""

from raincheck_workers.cli.application import app, main

__all__ = ["app", "main"]
