"""A pipeline every night: Celery beat asks for the run, a worker compiles and queues it."""

from datetime import UTC, datetime
from typing import Annotated

from celery import Celery
from celery.beat import BeatLazyFunc
from celery.schedules import crontab

from raincheck import Settings, pipeline, step
from raincheck_contracts.messages import RUN_TASK_NAME, RunRequest
from raincheck_workers import install

app = Celery("nightly", broker="redis://localhost:6379/0")
install(app)


@step
def summarize(days: int) -> Annotated[dict[str, int], "summary"]:
    """What is to be known in the morning."""
    return {"days": days, "orders": 4 * days}


@pipeline
def report(days: int = 1) -> dict[str, int]:
    """Publish one more version of `summary`."""
    return summarize(days)


def tonight() -> str:
    """Names the night, so that a second request for the same one starts nothing."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


_request = RunRequest(
    namespace=Settings().namespace, pipeline="nightly:report", parameters={"days": 7}
)
app.conf.beat_schedule = {
    "report at night": {
        "task": RUN_TASK_NAME,
        "schedule": crontab(hour="3", minute="0"),  # UTC, unless app.conf.timezone says another
        # Beat calls the function each time it sends.
        "kwargs": {
            **_request.model_dump(mode="json"),
            "idempotency_key": BeatLazyFunc(tonight),
        },
        "options": {"queue": "raincheck"},
    }
}
