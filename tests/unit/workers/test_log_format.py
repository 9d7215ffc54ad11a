"""The two forms of a worker's log."""

import json
import logging
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

from raincheck_workers.telemetry.log_format import JsonFormatter, TaskTextFormatter, TextFormatter


def _record(message: str = "did it", **extra: object) -> logging.LogRecord:
    fields = {"name": "mine", "levelname": "INFO", "msg": message, "process": 7, **extra}
    return logging.makeLogRecord(fields)


def _json(record: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(record)
    assert "\n" not in line
    document: dict[str, Any] = json.loads(line, parse_constant=pytest.fail)
    return document


def _raised() -> Any:
    try:
        int("no")
    except ValueError:
        return sys.exc_info()


def test_json_has_time_level_logger_message_process_and_all_fields() -> None:
    """The time is UTC with milliseconds; arguments are in the message."""
    found = _json(_record("did %s", args=("it",), created=0.1234, action="done", attempt=1))
    assert found == {
        "time": "1970-01-01T00:00:00.123Z",
        "level": "INFO",
        "logger": "mine",
        "message": "did it",
        "process": 7,
        "action": "done",
        "attempt": 1,
    }
    assert datetime.fromisoformat(found["time"]).utcoffset() == timedelta(0)


def test_an_exception_is_text_in_its_line() -> None:
    """With its traceback."""
    found = _json(_record(exc_info=_raised()))
    assert found["exception"].startswith("Traceback")
    assert found["exception"].endswith("ValueError: invalid literal for int() with base 10: 'no'")


def test_what_json_cannot_hold_is_shown_and_spoils_no_other_field() -> None:
    """Not a number, keys that are no texts, any object."""
    found = _json(_record(loss=float("nan"), table={(1, 2): 3}, run="r", thing=ValueError))
    assert (found["loss"], found["run"]) == ("nan", "r")
    assert found["table"] == "{(1, 2): 3}"
    assert "ValueError" in found["thing"]


def test_a_field_cannot_take_the_place_of_a_records_own() -> None:
    """Its level is its level."""
    assert _json(_record(level="mine"))["level"] == "INFO"


def test_celerys_own_data_is_left_out() -> None:
    """It repeats the arguments of a task, which may be long; the message has the short form."""
    assert "data" not in _json(_record(data={"args": "..."}))


def test_text_has_the_fields_after_celerys_line() -> None:
    """What holds spaces is quoted; empty and nested ones are left out."""
    formatter = TextFormatter("%(levelname)s %(message)s", use_color=False)
    record = _record(action="done", detail='a "b"', empty="", nested={"a": 1})
    assert formatter.format(record) == 'INFO did it action=done detail="a \\"b\\""'


def test_text_has_the_fields_before_a_traceback() -> None:
    """In the line that a search finds."""
    formatter = TextFormatter("%(message)s", use_color=False)
    first, second, *_ = formatter.format(_record(step="s", exc_info=_raised())).splitlines()
    assert (first, second) == ("did it step=s", "Traceback (most recent call last):")


def test_a_tasks_line_names_its_task_once() -> None:
    """Celery's format shows name and id."""
    formatter = TaskTextFormatter("%(task_name)s[%(task_id)s] %(message)s", use_color=False)
    assert formatter.format(_record(step="s")) == "???[???] did it step=s"
