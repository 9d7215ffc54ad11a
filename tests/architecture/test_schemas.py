"""The JSON Schemas of the wire are files that somebody reviewed."""

import json
import re
from pathlib import Path

from raincheck_contracts.asyncapi import asyncapi
from raincheck_contracts.schemas import json_schemas

FOLDER = Path(__file__).parents[2] / "contracts" / "schemas"


def test_schema_files_are_those_of_the_contracts() -> None:
    """A change of a contract shows up as a change of a schema file: `make schemas`."""
    stored = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    assert stored == json_schemas()


def test_the_asyncapi_document_is_that_of_the_contracts() -> None:
    """As for the schemas; the schemas that it refers to are there."""
    stored = (FOLDER.parent / "asyncapi.json").read_text()
    assert json.loads(stored) == asyncapi()
    references = re.findall(r'"\./(schemas/\w+\.json)"', stored)
    assert len(references) == 9
    assert [name for name in references if not (FOLDER.parent / name).is_file()] == []


def test_messages_and_events_have_a_schema_with_a_version() -> None:
    """Each message body says its contract version, each event its versioned type."""
    schemas = json_schemas()
    for name in ("StepTask", "RunRequest", "PipelineSpec"):
        assert schemas[name]["properties"]["contract"]["const"] == 1
    events = [name for name, schema in schemas.items() if "specversion" in schema["properties"]]
    assert len(events) == 9
    for name in events:
        assert schemas[name]["properties"]["type"]["const"].endswith(".v1")
