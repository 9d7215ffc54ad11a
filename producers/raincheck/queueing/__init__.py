"""Queueing pipelines: what is recorded, what is sent, and the handle of a run."""
