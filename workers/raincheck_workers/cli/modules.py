"""Importing what a person names: a module, or a pipeline of one."""

import difflib
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from raincheck.authoring.pipeline import Pipeline
from raincheck_contracts.errors import ArgumentError


def import_named(command: str, name: str) -> ModuleType:
    """Import a module, from the working folder first, as Celery does.

    Args:
        command: that wants it, for the error.
        name: dotted name of the module.

    Raises:
        ArgumentError: it cannot be imported; says why.
    """
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except Exception as error:  # importing runs the author's code, which may raise anything
        reason = " ".join(str(error).split())
        problem = f"cannot import {name!r}: {type(error).__name__}: {reason}"
        raise ArgumentError(command, problem, _remedy(name, folder)) from error


def pipeline_named(command: str, path: str) -> Pipeline[..., Any]:
    """The pipeline that `MODULE:PIPELINE` names.

    Raises:
        ArgumentError: there is no such module or pipeline; says why, with near names.
    """
    module_name, separator, name = path.partition(":")
    if not separator or not module_name or not name:
        problem = f"{path!r} is not of the form MODULE:PIPELINE"
        raise ArgumentError(command, problem, "For example forecasting:train")
    module = import_named(command, module_name)
    pipelines = {key: item for key, item in vars(module).items() if isinstance(item, Pipeline)}
    if name not in pipelines:
        problem = f"{module_name!r} has no pipeline {name!r}"
        near = difflib.get_close_matches(name, pipelines, n=1)
        known = ", ".join(sorted(pipelines)) or "none"
        remedy = f"Did you mean {near[0]}?" if near else f"It has: {known}"
        raise ArgumentError(command, problem, remedy)
    return pipelines[name]


def _remedy(name: str, folder: str) -> str:
    if name.endswith(".py") or "/" in name:
        module = name.removesuffix(".py").strip("./").replace("/", ".")
        return f"Name the module, not the file: {module}"
    return f"Looked in {folder} first"
