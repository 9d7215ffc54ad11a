"""Log records and the step that they belong to."""

import logging

from raincheck_workers.telemetry.step_fields import StepFieldsFilter, step_fields


def _filtered(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord(extra)
    assert StepFieldsFilter().filter(record)
    return vars(record)


def test_a_record_within_a_step_carries_its_fields() -> None:
    """Those of all contexts around it, and only within them."""
    with step_fields(run="r", step="s"), step_fields(attempt=2):
        inside = _filtered()
    assert (inside["run"], inside["step"], inside["attempt"]) == ("r", "s", 2)
    assert "run" not in _filtered()


def test_what_a_record_says_itself_stays() -> None:
    """A record about another run is about that."""
    with step_fields(run="r", step="s"):
        record = _filtered(run="other")
    assert (record["run"], record["step"]) == ("other", "s")
