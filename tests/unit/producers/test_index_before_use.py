"""What is checked of a server before anything is written to it."""

import pytest

from raincheck.index import Connection, Index
from raincheck_contracts.errors import IndexProtocolError
from tests.support.builders import new_version, nonce
from tests.support.odd_servers import tcp_server
from tests.support.servers import fake_index, fresh_namespace


def _strict(port: int) -> Index:
    return Index(Connection(f"redis://127.0.0.1:{port}/0", fresh_namespace(), synced=True))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--appendonly", "no"), "no append-only file"),
        (("--appendonly", "yes", "--appendfsync", "everysec"), "appendfsync everysec"),
    ],
)
def test_strict_durability_publishes_nothing_on_a_server_that_does_not_sync(
    options: tuple[str, ...], words: str
) -> None:
    """It is refused in words before the first write; a relaxed user may use it."""
    with tcp_server(*options) as port:
        index = _strict(port)
        with pytest.raises(IndexProtocolError, match=words) as refused:
            index.versions.publish(nonce(), new_version("model"))
        assert "appendfsync always" in str(refused.value)
        relaxed = Index(Connection(f"redis://127.0.0.1:{port}/0", index.namespace))
        assert relaxed.records.version_count("model") == 0
        relaxed.connection.close()


def test_strict_durability_takes_a_server_that_syncs_each_write() -> None:
    """As the embedded server does when it is asked to."""
    with tcp_server("--appendonly", "yes", "--appendfsync", "always") as port:
        index = _strict(port)
        assert index.versions.publish(nonce(), new_version("model")).version == "1"
        index.connection.close()


def test_a_server_that_does_not_tell_is_taken_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Managed servers forbid CONFIG: the user has to know, and is told once."""
    fake = fake_index()
    for _ in range(2):
        client = fake.connection.client
        index = Index(Connection("redis://silent", fresh_namespace(), client=client, synced=True))
        index.versions.publish(nonce(), new_version("model"))
    said = [
        item.message for item in caplog.records if "does not tell whether it syncs" in item.message
    ]
    assert len(said) == 1
