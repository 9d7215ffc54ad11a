"""The two forms of a worker's log: JSON lines, and Celery's lines with fields after them."""

import json
import logging
from datetime import UTC, datetime

from celery.app.log import TaskFormatter
from celery.utils.log import ColorFormatter
from typing_extensions import override

# What every record has; all else came by `extra` or a filter. `data` is Celery's own copy of a
# task's arguments, which its message shows in short.
_USUAL = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "data"}
_NAMED_BY_CELERY = {"task_id", "task_name"}


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """What a record carries beside its message."""
    return {name: value for name, value in vars(record).items() if name not in _USUAL}


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = extra_fields(record)
        document: dict[str, object] = {
            "time": _utc(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        # Ours are first in the line, and win over an extra field of the same name.
        try:
            return json.dumps({**document, **fields, **document}, default=str, allow_nan=False)
        except (TypeError, ValueError):  # not a number, keys that are no texts, a circle
            plain = {name: _plain(value) for name, value in fields.items()}
            return json.dumps({**document, **plain, **document})


def _plain(value: object) -> str | int:
    return value if isinstance(value, str | int) else repr(value)


def _utc(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _FieldsAfterMessage(logging.Formatter):
    """Adds ` name=value ...` to the line, before a traceback."""

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = extra_fields(record).items()
        shown = (f" {name}={_word(value)}" for name, value in fields if _is_shown(name, value))
        return super().formatMessage(record) + "".join(shown)


def _is_shown(name: str, value: object) -> bool:
    return isinstance(value, str | int | float) and value != "" and name not in _NAMED_BY_CELERY


def _word(value: object) -> str:
    text = str(value)
    return text if not set(text) & set(' "=\n') else json.dumps(text, ensure_ascii=False)


class TextFormatter(_FieldsAfterMessage, ColorFormatter):
    """Celery's line, with the fields after it."""


class TaskTextFormatter(_FieldsAfterMessage, TaskFormatter):
    """Celery's line of a task, with the fields after it."""
