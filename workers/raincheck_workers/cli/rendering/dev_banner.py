"""What `raincheck dev` says first: where everything is, and how to queue a pipeline."""

import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from raincheck.authoring.parameters import ParameterPort
from raincheck.authoring.pipeline import Pipeline
from raincheck.authoring.step import Step
from raincheck.index.faults import redacted

# For a parameter without a default; others are left to the reader.
_EXAMPLES: dict[object, str] = {float: "0.5", int: "1", str: "text", bool: "true"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts are."""

    server: str
    embedded: bool
    blobs: Path
    flower: str | None


def dev_banner(addresses: Addresses, modules: Sequence[ModuleType]) -> RenderableType:
    """Addresses, steps and pipelines, and a line that queues one of them."""
    page = Table.grid(padding=(0, 2))
    page.add_column(style="bold", no_wrap=True)
    page.add_column(overflow="fold")
    for name, text in _rows(addresses, modules):
        page.add_row(name, Text(text))
    return Group(Text("Raincheck; Ctrl-C ends all of it", style="bold"), page, *_how(modules), "")


def _rows(addresses: Addresses, modules: Sequence[ModuleType]) -> Iterator[tuple[str, str]]:
    kind = " (embedded)" if addresses.embedded else ""
    yield "server", redacted(addresses.server) + kind
    yield "blobs", str(addresses.blobs)
    if addresses.flower is not None:
        yield "Flower", addresses.flower
    for module in modules:
        steps = ", ".join(_names(module, Step)) or "none"
        calls = ", ".join(_call(item) for item in _pipelines(module)) or "none"
        yield "steps", f"{module.__name__}: {steps}"
        yield "pipelines", f"{module.__name__}: {calls}"


def _names(module: ModuleType, kind: type[object]) -> list[str]:
    return [name for name, item in vars(module).items() if isinstance(item, kind)]


def _pipelines(module: ModuleType) -> list[tuple[str, Pipeline[..., Any]]]:
    return [(name, item) for name, item in vars(module).items() if isinstance(item, Pipeline)]


def _call(named: tuple[str, Pipeline[..., Any]]) -> str:
    name, pipeline = named
    return f"{name}({', '.join(map(_parameter, pipeline.parameters))})"


def _parameter(port: ParameterPort) -> str:
    return port.name if port.required else f"{port.name}={port.default!r}"


def _how(modules: Sequence[ModuleType]) -> Iterator[Text]:
    """The line for copying: of the pipeline that needs the fewest parameters."""
    found = [(module, *named) for module in modules for named in _pipelines(module)]
    if not found:
        return
    module, name, pipeline = min(found, key=lambda item: _required(item[2]))
    line = f"  raincheck enqueue {module.__name__}:{name}"
    for port in pipeline.parameters:
        line += f" -p {port.name}={_value(port)}" if _shown(port) else ""
    yield Text("\nQueue one, in another terminal in this folder:")
    yield Text(f"{line} --wait", style="green")


def _required(pipeline: Pipeline[..., Any]) -> int:
    return sum(port.required for port in pipeline.parameters)


def _shown(port: ParameterPort) -> bool:
    return port.required or isinstance(port.default, int | float)


def _value(port: ParameterPort) -> str:
    if port.default is not inspect.Parameter.empty:
        return json.dumps(port.default)
    return _EXAMPLES.get(port.annotation, "VALUE")
