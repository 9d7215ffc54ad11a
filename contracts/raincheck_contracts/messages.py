"""The two message bodies that travel through Celery, references unresolved."""

from typing import Annotated, Literal

from pydantic import Field

from raincheck_contracts._base import Contract, JsonValue
from raincheck_contracts.names import FunctionPath, Namespace, PipelineName, RunId
from raincheck_contracts.pipelines import StepSpec

#: Bytes of one message body; a larger one is refused before it is queued.
MAX_MESSAGE_BYTES = 64 * 1024

#: Names of the Celery tasks that take these bodies.
STEP_TASK_NAME = "raincheck.step"
RUN_TASK_NAME = "raincheck.run"


class StepTask(Contract):
    """A hint that a step is ready: the body of the task `raincheck.step`.

    The index is the truth. The message may be lost, late or repeated; `claim` decides.
    """

    contract: Literal[1] = 1
    namespace: Namespace
    run: RunId
    pipeline: PipelineName
    step: StepSpec


class RunRequest(Contract):
    """A wish that a pipeline be run: the body of the task `raincheck.run`.

    For those who cannot compile: Celery beat, other languages, a broker-only producer.
    A worker that imported the pipeline compiles and submits it.
    """

    contract: Literal[1] = 1
    namespace: Namespace
    pipeline: FunctionPath
    parameters: dict[str, JsonValue] = {}
    idempotency_key: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """Two requests with the same key start one run; None starts one per message."""
