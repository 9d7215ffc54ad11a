"""A password that an error of a step names is in no record, log or report."""

import pytest

from raincheck import Settings, use_deployment
from raincheck_contracts.errors import StepFailedError
from tests.functional.leaking_pipelines import leaking
from tests.support.dumps import dump
from tests.support.odd_servers import tcp_server
from tests.support.workers import Fleet, running_fleet

pytestmark = pytest.mark.functional

CANARY = "canary-5f2d"


def _places(fleet: Fleet) -> dict[str, str]:
    """All that a failed run leaves, by where it is."""
    worker = fleet.start(concurrency=1, imports=("tests.functional.leaking_pipelines",))
    handle = leaking.delay()
    with pytest.raises(StepFailedError, match=r"redis://:\*\*\*@") as failed:
        handle.get(timeout=30)
    return {
        "error": f"{failed.value} {failed.value.error}",
        "index": str(dump(fleet.deployment.index)),
        "report": handle.why(),
        "log": worker.log,
    }


def test_a_password_is_shown_nowhere() -> None:
    """Neither by the index, nor by the worker's log, nor to whoever asks for the result."""
    with tcp_server("--requirepass", CANARY) as port:
        url = f"redis://:{CANARY}@127.0.0.1:{port}/0"
        with running_fleet(url) as fleet, use_deployment(fleet.deployment):
            for place, text in _places(fleet).items():
                assert "no answer from redis://:***@" in text, place
                assert CANARY not in text, place


def _no_secrets(settings: Settings) -> tuple[str, ...]:
    del settings
    return ()


def test_without_redaction_it_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: an error as it was raised does carry the password."""
    monkeypatch.setattr("raincheck_workers.execution.executor.secrets_of", _no_secrets)
    with tcp_server("--requirepass", CANARY) as port:
        url = f"redis://:{CANARY}@127.0.0.1:{port}/0"
        with (
            running_fleet(url) as fleet,
            use_deployment(fleet.deployment),
            pytest.raises(StepFailedError, match=CANARY),
        ):
            leaking()
