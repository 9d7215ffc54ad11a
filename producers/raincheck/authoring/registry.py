"""Every step and pipeline that this process has imported, by function path.

A worker runs only what is in here: a message names a function, it never brings one.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raincheck.authoring.pipeline import Pipeline
    from raincheck.authoring.step import Step

# Written at import, one key at a time, which a dict does atomically.
_STEPS: "dict[str, Step[..., Any]]" = {}
_PIPELINES: "dict[str, Pipeline[..., Any]]" = {}


def register_step(path: str, step: "Step[..., Any]") -> None:
    """Make a step known; a later one of the same path (a reload) replaces it.

    Args:
        path: `module:qualname`; for a script run as `__main__`, the script's module.
        step: the step.
    """
    _STEPS[path] = step


def register_pipeline(path: str, pipeline: "Pipeline[..., Any]") -> None:
    """Make a pipeline known; a later one of the same path (a reload) replaces it.

    Args:
        path: `module:qualname`; for a script run as `__main__`, the script's module.
        pipeline: the pipeline.
    """
    _PIPELINES[path] = pipeline


def find_step(path: str) -> "Step[..., Any] | None":
    """The step of that path, or None when no imported module defines it."""
    return _STEPS.get(path)


def find_pipeline(path: str) -> "Pipeline[..., Any] | None":
    """The pipeline of that path, or None when no imported module defines it."""
    return _PIPELINES.get(path)


def registered_pipelines() -> "tuple[Pipeline[..., Any], ...]":
    """All pipelines that this process has imported, in the order of their paths."""
    return tuple(pipeline for _, pipeline in sorted(_PIPELINES.items(), key=lambda item: item[0]))
