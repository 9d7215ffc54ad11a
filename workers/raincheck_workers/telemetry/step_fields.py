"""Which step a log record belongs to."""

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from typing_extensions import override

_NONE: Mapping[str, object] = MappingProxyType({})
_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("raincheck_step_fields", default=_NONE)


@contextmanager
def step_fields(**fields: object) -> Generator[None]:
    """Give the log records of this context these fields, beside those of the context around."""
    token = _FIELDS.set({**_FIELDS.get(), **fields})
    try:
        yield
    finally:
        _FIELDS.reset(token)


class StepFieldsFilter(logging.Filter):
    """Adds the fields to every record of a handler, whoever logged it.

    A filter and no record factory: logging refuses `extra` for a field that the factory set.
    """

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in _FIELDS.get().items():
            record.__dict__.setdefault(name, value)
        return True
