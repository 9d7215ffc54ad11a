"""The record of a compiled pipeline, which its runs and subscriptions share."""

import json
from typing import Any

from raincheck.index.connection import Connection, text
from raincheck_contracts.pipelines import PipelineSpec


def read_spec(connection: Connection, digest: str) -> PipelineSpec:
    """A compiled pipeline that a run or a subscription uses.

    Args:
        connection: to the index.
        digest: of its canonical JSON.
    """
    key = f"{connection.prefix}spec:{digest}"
    head, steps = connection.ask([("HMGET", key, "head", "steps")])[0]
    names = [f"x:{name}" for name in text(steps).split()]
    bodies = connection.ask([("HMGET", key, *names)])[0]
    spec: dict[str, Any] = json.loads(head)
    return PipelineSpec.model_validate({**spec, "steps": [json.loads(body) for body in bodies]})
