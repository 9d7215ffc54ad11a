"""C10: the server is full for some seconds, and refuses whatever needs memory."""

import time

import pytest

from raincheck import save_artifact
from raincheck_contracts.errors import IndexUnavailableError
from tests.chaos.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]


def test_a_full_server_refuses_in_words_and_all_goes_on_after(stage: Stage) -> None:
    """No worker dies, nothing is half published, and lost messages are sent again."""

    def fill() -> None:
        stage.server.ask("CONFIG", "SET", "maxmemory", 1_000_000)
        with pytest.raises(IndexUnavailableError, match="is full") as refused:
            save_artifact("x", "chaos-refused")
        assert "more memory" in refused.value.remedy
        time.sleep(stage.schedule.random.uniform(2.0, 4.0))
        stage.server.ask("CONFIG", "SET", "maxmemory", 0)

    with stage.load():
        stage.schedule.run(fill, every=(1.0, 2.0))
    verdict = stage.verdict("C10")
    verdict.assert_safe(
        faults=int(stage.schedule.seconds / 8), operations=int(stage.schedule.seconds)
    )
    assert stage.fleet.deployment.index.records.version_count("chaos-refused") == 0
    assert stage.history.of("refused")
    stage.assert_workers_live()
