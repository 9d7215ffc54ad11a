"""Whether a message is one that our senders send. A pure function of its envelope."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raincheck_contracts._base import CONTRACT_VERSION
from raincheck_contracts.messages import (
    MAX_MESSAGE_BYTES,
    RUN_TASK_NAME,
    STEP_TASK_NAME,
    RunRequest,
    StepTask,
)
from raincheck_workers.intake.envelope import Envelope
from raincheck_workers.intake.plain_json import json_problem, read_json
from raincheck_workers.intake.refusal import Refusal, misshapen, refused

TaskName = Literal["raincheck.step", "raincheck.run"]
OUR_TASKS = frozenset(get_args(TaskName))
#: Of a whole entry: the body in base64, and its inputs in words for monitors.
MAX_ENTRY_BYTES = 4 * MAX_MESSAGE_BYTES
# Of Celery's list around a body: no arguments by position, nothing embedded.
_AROUND_BODY = 1_024
_BODIES: dict[str, type[StepTask | RunRequest]] = {
    STEP_TASK_NAME: StepTask,
    RUN_TASK_NAME: RunRequest,
}
_EMBEDDED = {"callbacks", "errbacks", "chain", "chord"}

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@+-]{1,300}\z")]
_Words = Annotated[str, Field(max_length=MAX_MESSAGE_BYTES)]
_Short = Annotated[str, Field(max_length=1_000)]
_Nothing = Annotated[list[None] | dict[str, None] | None, Field(max_length=0)]

_Added = dict[str, _Short | bool | int | dict[str, _Short] | None]


class _Headers(BaseModel):
    """The headers of a task message as our senders write them.

    Others may be added, as tracers do: short texts, which Celery only hands on.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: _Added  # pyright: ignore[reportIncompatibleVariableOverride] # as pydantic has it

    task: TaskName
    id: _Id
    root_id: _Id | None = None
    parent_id: _Id | None = None
    lang: _Short | None = None
    shadow: _Short | None = None
    origin: _Short | None = None
    argsrepr: _Words | None = None
    kwargsrepr: _Words | None = None
    retries: Annotated[int, Field(ge=0, le=1_000)] | None = None
    replaced_task_nesting: Annotated[int, Field(ge=0, le=1_000)] | None = None
    ignore_result: bool | None = None
    # What none of our senders sets, and what would make Celery do more than run the task.
    compression: None = None
    eta: None = None
    expires: None = None
    timelimit: Annotated[list[None], Field(max_length=2)] | None = None
    group: None = None
    group_index: None = None
    callbacks: None = None
    errbacks: None = None
    chain: None = None
    chord: None = None
    stamped_headers: _Nothing = None
    stamps: _Nothing = None


def screen(envelope: Envelope) -> Refusal | None:
    """Why a message is none of ours, or None when it is one.

    A body of another version of the contract passes: its task gives the step back.
    """
    if (envelope.content_type, envelope.content_encoding) != ("application/json", "utf-8"):
        return refused("content", "the content is not said to be JSON in utf-8")
    problem = json_problem(dict(envelope.headers))
    if problem is not None:
        return refused("headers", problem)
    try:
        headers = _Headers.model_validate(envelope.headers)
    except ValidationError as error:
        return misshapen("headers", error)
    size = len(envelope.body)
    if size > MAX_MESSAGE_BYTES + _AROUND_BODY:
        return refused("size", f"a body of {size:,} bytes; {MAX_MESSAGE_BYTES:,} are allowed")
    return _body_refusal(headers.task, envelope.body)


def _body_refusal(task: TaskName, content: bytes) -> Refusal | None:
    value, problem = read_json(content)
    problem = problem or json_problem(value)
    if problem is not None:
        return refused("body", f"the body: {problem}")
    match value:
        case [[], dict() as body, dict() | None as embedded]:
            if not _embeds_nothing(embedded):
                return refused("embedded", "callbacks, a chain or a chord come with it")
            return _contract_refusal(task, body)
        case _:
            return refused("body", "the body is not one dict of arguments by name")


def _embeds_nothing(embedded: dict[str, object] | None) -> bool:
    given = embedded or {}
    return given.keys() <= _EMBEDDED and not any(value is not None for value in given.values())


def _contract_refusal(task: TaskName, body: dict[str, object]) -> Refusal | None:
    version = body.get("contract", CONTRACT_VERSION)
    if type(version) is int and version != CONTRACT_VERSION:
        return None
    try:
        _BODIES[task].model_validate(body)
    except ValidationError as error:
        return misshapen("contract", error)
    return None
