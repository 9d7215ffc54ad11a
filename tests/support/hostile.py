"""Messages that nobody of ours sends: what a stranger could write into a queue."""

import bz2
import json
import os
import pickle
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from raincheck_contracts.messages import RUN_TASK_NAME, STEP_TASK_NAME

#: A step as it would be submitted.
STEP: dict[str, Any] = {"name": "a", "function": "steps:a"}
BODY: dict[str, Any] = {
    "contract": 1,
    "namespace": "n",
    "run": "r",
    "pipeline": "p",
    "step": STEP,
}
HEADERS: dict[str, Any] = {"lang": "py", "task": STEP_TASK_NAME, "id": "r.a"}
_REQUEST = {"contract": 1, "namespace": "n", "pipeline": "pipelines:p"}
_SIGNATURE = {"task": RUN_TASK_NAME, "args": [], "kwargs": _REQUEST, "options": {}}


class Trap:
    """What unpickling would end the process with."""

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return os.abort, ()


@dataclass(frozen=True, slots=True)
class Forged:
    """A message as both brokers carry it."""

    headers: dict[str, Any]
    body: bytes
    content_type: Any = "application/json"
    content_encoding: Any = "utf-8"

    def entry(self) -> bytes:
        """As an entry of a list of Redis."""
        return json.dumps(envelope(self)).encode()


def envelope(message: Forged) -> dict[str, Any]:
    """The entry's content."""
    return {
        "body": b64encode(message.body).decode(),
        "content-type": message.content_type,
        "content-encoding": message.content_encoding,
        "headers": message.headers,
        "properties": {
            "delivery_tag": "7d6d1c1e-0000-4000-8000-000000000000",
            "body_encoding": "base64",
            "delivery_mode": 2,
            "priority": 0,
            "delivery_info": {"exchange": "", "routing_key": "raincheck"},
        },
    }


def message(body: object = None, /, **headers: Any) -> Forged:
    """A message with a JSON body; the good one when nothing is given.

    Args:
        body: the whole of Celery's list; None is that of a good step.
        headers: beside or in place of the usual ones.
    """
    content = [[], BODY, {}] if body is None else body
    return Forged({**HEADERS, **headers}, json.dumps(content).encode())


def _deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def _contents() -> Iterator[tuple[str, Forged]]:
    bomb = bytes(200 << 20)
    good = message().body
    for kind, packed in (("bz2", bz2.compress(bomb)), ("gzip", zlib.compress(bomb, 9))):
        yield f"{kind} bomb", Forged({**HEADERS, "compression": f"application/x-{kind}"}, packed)
    yield "unknown compression", Forged({**HEADERS, "compression": "zip"}, good)
    trap = pickle.dumps(Trap())
    yield "pickle", Forged(HEADERS, trap, "application/x-python-serialize", "binary")
    yield "pickle called JSON", Forged(HEADERS, trap)
    yaml = b"!!python/object/apply:os._exit [66]"
    yield "yaml", Forged(HEADERS, yaml, "application/x-yaml", "utf-8")
    yield "no content type", Forged(HEADERS, good, None, None)
    yield "other encoding", Forged(HEADERS, good, "application/json", "utf-7")
    yield "empty body", Forged(HEADERS, b"")
    yield "deep body", Forged(HEADERS, _deep(30_000))
    yield "body of 128 levels", Forged(HEADERS, _deep(128))
    yield "large body", message([[], {**BODY, "x": "x" * 66_000}, {}])
    yield "huge number", Forged(HEADERS, b"[[], " + b"9" * 9_000 + b", {}]")
    yield "a body that is no text", Forged(HEADERS, b"\xff\xfe")
    yield "kombu's notation", message([[], {"__type__": "bytes", "__value__": "x"}, {}])
    yield "broken notation", message([[], {"__type__": "uuid", "__value__": 1}, {}])
    yield "unknown notation", message([[], {"__type__": "os.system", "__value__": "x"}, {}])


def _lists() -> Iterator[tuple[str, Forged]]:
    yield "a first protocol's body", message({"task": STEP_TASK_NAME, "id": "1", "kwargs": BODY})
    yield "arguments by position", message([[1], BODY, {}])
    yield "no list", message(7)
    yield "four items", message([[], BODY, {}, 1])
    yield "no dict of arguments", message([[], "x", {}])
    for name in ("callbacks", "errbacks", "chain"):
        yield f"embedded {name}", message([[], BODY, {name: [_SIGNATURE]}])
        yield f"{name} in a header", message(**{name: [_SIGNATURE]})
    yield "embedded chord", message([[], BODY, {"chord": _SIGNATURE}])
    yield "embedded unknown", message([[], BODY, {"is_eager": True}])


def _headers() -> Iterator[tuple[str, Forged]]:
    yield "other task", message(task="os.system")
    for name in ("map", "starmap", "chunks", "group", "chain", "chord_unlock", "backend_cleanup"):
        yield (
            f"built-in {name}",
            message([[], {"task": _SIGNATURE, "it": [1]}, {}], task=f"celery.{name}"),
        )
    yield "task is a list", message(task=[STEP_TASK_NAME])
    yield "no task", Forged({"id": "r.a"}, message().body)
    yield "no id", Forged({"task": STEP_TASK_NAME}, message().body)
    yield "id is a number", message(id=7)
    yield "id with a line", message(id="r.a\nINFO all is well")
    yield "long id", message(id="a" * 301)
    yield "eta", message(eta="2999-01-01T00:00:00+00:00")
    yield "eta is nonsense", message(eta={"x": 1})
    yield "expires", message(expires="1970-01-01T00:00:00+00:00")
    yield "time limit", message(timelimit=[0.001, None])
    yield "time limit is text", message(timelimit="soon")
    yield "negative retries", message(retries=-1)
    yield "retries is text", message(retries="many")
    yield "group", message(group="g", group_index=0)
    yield "stamps", message(stamped_headers=["x"], stamps={"x": ["y"]})
    yield "a list in a header", message(extra=[1, 2])


def _contracts() -> Iterator[tuple[str, Forged]]:
    yield "nonsense", message([[], {"nonsense": 1}, {}])
    yield "no step", message([[], {**BODY, "step": None}, {}])
    yield "a path as a step", message([[], {**BODY, "step": {**STEP, "name": "../a"}}, {}])
    yield "more than a step", message([[], {**BODY, "code": "import os"}, {}])
    yield "other namespace's name", message([[], {**BODY, "namespace": "a}:b"}, {}])
    yield "contract is text", message([[], {**BODY, "contract": "one"}, {}])
    yield "a request as a step", message([[], _REQUEST, {}])
    yield "a step as a request", message(task=RUN_TASK_NAME)
    yield (
        "a command as a pipeline",
        message([[], {**_REQUEST, "pipeline": "rm -rf /"}, {}], task=RUN_TASK_NAME),
    )


def hostile_messages() -> Iterator[tuple[str, Forged]]:
    """Messages that any broker can carry, each with what is wrong with it."""
    for group in (_contents, _lists, _headers, _contracts):
        yield from group()


def hostile_entries() -> Iterator[tuple[str, bytes]]:
    """Entries of a list of Redis that are no message at all, each with what is wrong."""
    yield "empty", b""
    yield "no JSON", b"hello"
    yield "no text", b"\xff\xfe\x00"
    yield "a pickle", pickle.dumps(Trap())
    for text in ("null", "7", '"x"', "[]", "[1, 2]", "{}", "NaN"):
        yield text, text.encode()
    yield "deep", _deep(100_000)
    yield "cut off", message().entry()[:-7]
    yield "large", b" " * 300_000 + message().entry()
    yield from _broken_envelopes()
    for name, forged in hostile_messages():
        yield name, forged.entry()


def _broken_envelopes() -> Iterator[tuple[str, bytes]]:
    for part in ("body", "headers", "properties"):
        whole = envelope(message())
        yield f"no {part}", json.dumps({**whole, part: None}).encode()
        yield f"{part} is a list", json.dumps({**whole, part: [1]}).encode()
    for part in ("delivery_tag", "delivery_info", "body_encoding"):
        whole = envelope(message())
        properties = dict(whole["properties"])
        properties[part] = 7
        yield f"{part} is a number", json.dumps({**whole, "properties": properties}).encode()
        del properties[part]
        if part != "body_encoding":
            yield f"no {part}", json.dumps({**whole, "properties": properties}).encode()
    whole = envelope(message())
    for levels in (500, 900, 940, 960, 980):  # some can be read, and not be shown
        deep = _deep(levels).decode()
        for part in ("content-type", "headers"):
            text = json.dumps({**whole, "body": "", part: {"task": "@"}})
            yield f"{part} of {levels} levels", text.replace('"@"', deep).encode()
    unknown = {**whole["properties"], "body_encoding": "rot13"}
    yield "unknown body encoding", json.dumps({**whole, "properties": unknown}).encode()
    yield "bad base64", json.dumps({**whole, "body": "a"}).encode()
    yield "a lone surrogate", json.dumps({**whole, "body": "\ud800"}).encode()
    notation = {"__type__": "uuid", "__value__": 7}
    yield "kombu's notation of headers", json.dumps({**whole, "headers": notation}).encode()
