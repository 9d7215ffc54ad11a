"""Giving a worker's log its form, when Celery has set the log up."""

import logging
from typing import Any

from celery import signals

from raincheck_workers.telemetry.log_format import JsonFormatter, TaskTextFormatter, TextFormatter
from raincheck_workers.telemetry.step_fields import StepFieldsFilter


def set_log_form(*, json: bool) -> None:
    """Have the log of this worker structured as soon as Celery has set it up.

    Args:
        json: one JSON object a line, in place of Celery's line with fields after it.
    """

    def shape(logger: logging.Logger, format: str, colorize: bool, **_: Any) -> None:  # noqa: A002, FBT001 - Celery's names
        _shape(logger, JsonFormatter() if json else TextFormatter(format, use_color=colorize))

    def shape_tasks(logger: logging.Logger, format: str, colorize: bool, **_: Any) -> None:  # noqa: A002, FBT001 - Celery's names
        _shape(logger, JsonFormatter() if json else TaskTextFormatter(format, use_color=colorize))

    signals.after_setup_logger.connect(shape, weak=False)
    signals.after_setup_task_logger.connect(shape_tasks, weak=False)


def _shape(logger: logging.Logger, formatter: logging.Formatter) -> None:
    for to in logger.handlers:
        to.setFormatter(formatter)
        to.addFilter(StepFieldsFilter())
