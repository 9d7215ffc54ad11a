"""The pipelines of the load. Each step notes when an attempt at it begins."""

import math
import os
import time
from pathlib import Path
from typing import Annotated

from raincheck import Client, get_step_context, pipeline, step

#: Bytes of a blob: too many for the index itself.
SIZE = 64 * 1024


def _begin(log: str) -> int:
    """Note the attempt in one write; its number."""
    context = get_step_context()
    line = f"{context.run} {context.step} {context.attempt} {time.monotonic():.6f}\n"
    with Path(log).open("a") as file:
        file.write(line)
    return context.attempt


@step
def begin(log: str, number: int, seconds: float) -> Annotated[bytes, "chaos-begun"]:
    """A blob that no other run has."""
    _begin(log)
    time.sleep(seconds)  # the work of a slow step
    return number.to_bytes(8) + bytes(SIZE)


@step
def left(log: str, blob: bytes) -> Annotated[bytes, "chaos-left"]:
    """One branch."""
    _begin(log)
    return blob + b"l"


@step
def right(log: str, blob: bytes) -> Annotated[bytes, "chaos-right"]:
    """The other branch."""
    _begin(log)
    return blob + b"r"


@step
def end(log: str, first: bytes, second: bytes) -> Annotated[int, "chaos-ended"]:
    """The number that went in, when both branches brought it."""
    _begin(log)
    if (first[:-1], first[-1:], second[-1:]) != (second[:-1], b"l", b"r"):
        raise ValueError("branches of two runs were mixed")
    return int.from_bytes(first[:8])


@pipeline
def diamond(log: str, number: int, seconds: float) -> int:
    """Four steps; the first may be slow."""
    blob = begin(log, number, seconds)
    return end(log, left(log, blob), right(log, blob))


@step
def hold(log: str, gates: str) -> Annotated[int, "chaos-held"]:
    """The number of the attempt, once its gate is open."""
    attempt = _begin(log)
    deadline = time.monotonic() + 120.0
    while not Path(f"{gates}{attempt}").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(gates)
        time.sleep(0.01)  # a gate is a file that the test makes: there is nothing to be woken by
    return attempt


@pipeline
def held(log: str, gates: str) -> int:
    """One step that waits for the test."""
    return hold(log, gates)


@step
def die(log: str, number: int) -> int:
    """Ends its process by a signal, as a fault in C or the kernel without memory does."""
    _begin(log)
    os.kill(os.getpid(), number)
    return number


@pipeline
def poison(log: str, number: int) -> int:
    """One step that no process survives."""
    return die(log, number)


@step
def compute(log: str, gate: str, seconds: float) -> Annotated[int, "chaos-computed"]:
    """The number of the attempt that came to its end; notes twenty times a second that it runs."""
    end = math.inf
    while time.monotonic() < end:
        if end == math.inf and Path(gate).exists():
            end = time.monotonic() + seconds
        _begin(log)
        time.sleep(0.05)  # the pace of its notes: how exactly its end can be told
    return get_step_context().attempt


@pipeline
def computing(log: str, gate: str, seconds: float) -> int:
    """One step that is busy until so long after a file is there."""
    return compute(log, gate, seconds)


@step
def see(log: str, seconds: float, newest: int) -> Annotated[int, "chaos-seen"]:
    """What it was given, which it notes, after a while."""
    context = get_step_context()
    with Path(log).open("a") as file:
        file.write(f"{context.run} {context.attempt} {newest}\n")
    time.sleep(seconds)  # the time in which its worker may be killed
    return newest


@pipeline
def seeing(log: str, seconds: float) -> int:
    """One step that takes the newest version of what is published all the time."""
    return see(log, seconds, Client().get_artifact_version("chaos-newest"))
