"""Asking the workers for their queues."""

import pytest

from raincheck import Settings
from raincheck.messaging.broker import producer_app
from raincheck.messaging.served_queues import served_queues


@pytest.mark.parametrize(("broker", "served"), [("redis://127.0.0.1:1", None), ("memory://", {})])
def test_a_broker_that_is_away_is_not_one_without_workers(
    broker: str, served: dict[str, list[str]] | None
) -> None:
    """None says that nobody could be asked, nothing that nobody answered."""
    app = producer_app(Settings(broker_url=broker), "redis://127.0.0.1:1")
    assert served_queues(app) == served
    app.close()
