"""Logs and metrics of a worker, and what is observed of each step."""
