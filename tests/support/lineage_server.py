"""Somebody who takes OpenLineage's events over HTTP, and the official schemas to check them."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from typing_extensions import override

ROOT = Path(__file__).parents[2]
_FILES = (
    *(ROOT / "tests" / "data" / "openlineage").glob("*.json"),
    ROOT / "docs" / "reference" / "openlineage-facets.json",
)
_REGISTRY: Any = Registry[Any]().with_resources(
    (schema["$id"], Resource[Any].from_contents(schema))
    for schema in (json.loads(path.read_text(encoding="utf-8")) for path in _FILES)
)


class LineageServer(ThreadingHTTPServer):
    """Takes events until it is closed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.events: list[dict[str, Any]] = []
        self.answers = threading.Event()
        """Cleared, nobody gets an answer."""
        self.answers.set()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def of(self, step: str) -> list[dict[str, Any]]:
        """The events of a step, in the order in which they came; all are valid."""
        for event in list(self.events):
            check_event(event)
        return [event for event in self.events if event["job"]["name"].endswith(f".{step}")]


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, LineageServer)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.answers.wait(30)
        server.events.append(json.loads(body))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def lineage_server() -> Generator[LineageServer]:
    """A server for as long as the context lasts."""
    server = LineageServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()


def check_event(event: dict[str, Any]) -> None:
    """Check an event and each of its facets against the schema that it names.

    Raises:
        ValidationError: it says what is wrong where.
    """
    _check(event, event["schemaURL"])
    facets = [event["run"]["facets"], event["job"]["facets"]]
    for place in (*event.get("inputs", ()), *event.get("outputs", ())):
        facets += [place.get(name, {}) for name in ("facets", "inputFacets", "outputFacets")]
    for group in facets:
        for facet in group.values():
            _check(facet, facet["_schemaURL"])


def _check(document: Any, url: str) -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": url}
    Draft202012Validator(schema, registry=_REGISTRY, format_checker=FormatChecker()).validate(
        document
    )
