"""What servers tell of themselves: a real Valkey, one that forbids most, one that is old."""

import pytest

from raincheck.index import Connection
from raincheck.index.library import PROTOCOL, RELEASE, library_digest
from raincheck.index.server_facts import read_server_facts
from raincheck_contracts.errors import IndexUnavailableError
from tests.support.dumps import ask
from tests.support.odd_servers import free_port, old_server, tcp_server
from tests.support.servers import fake_index, fresh_namespace, valkey_index


def test_a_valkey_tells_everything(valkey_url: str) -> None:
    """And its index is not opened by asking."""
    facts = read_server_facts(Connection(valkey_url, fresh_namespace()))
    assert (facts.product, facts.level, facts.protocol) == ("Valkey", 7, "")
    assert (facts.eviction_policy, facts.appends, facts.sync) == ("noeviction", True, "everysec")
    assert not facts.replica
    assert facts.clock_difference is not None
    assert abs(facts.clock_difference) < 5


def test_the_library_and_the_protocol_are_those_on_the_server() -> None:
    """As the last release that connected has left them, on a server that nobody else uses."""
    with tcp_server() as port:
        index = valkey_index(f"redis://127.0.0.1:{port}/0")
        index.nodes.tick(0)
        facts = read_server_facts(index.connection)
        assert (facts.library, facts.release) == (library_digest(), RELEASE)
        assert facts.protocol == str(PROTOCOL)
        ask(index, "FUNCTION", "FLUSH")
        assert read_server_facts(index.connection).library == ""
        index.connection.close()


def test_a_server_that_forbids_to_ask_leaves_facts_open() -> None:
    """Managed servers forbid CONFIG; fakeredis lacks INFO too."""
    facts = read_server_facts(fake_index().connection)
    assert (facts.level, facts.appends, facts.sync, facts.eviction_policy) == (None, None, "", "")
    user = "user default on nopass ~* &* +@all -config -time"
    with tcp_server("--user", *user.split()[1:]) as port:
        facts = read_server_facts(Connection(f"redis://127.0.0.1:{port}/0", "n"))
    assert (facts.sync, facts.clock_difference) == ("", None)
    assert facts.eviction_policy == "noeviction"


def test_an_old_server_tells_its_version() -> None:
    """Though it has no functions."""
    with old_server() as port:
        facts = read_server_facts(Connection(f"redis://127.0.0.1:{port}/0", "n"))
    assert (facts.product, facts.version, facts.level) == ("Redis", "6.2.14", 6)
    assert facts.library == ""


def test_a_server_that_is_away_tells_nothing() -> None:
    """The error is that of every other call."""
    with pytest.raises(IndexUnavailableError):
        read_server_facts(Connection(f"redis://127.0.0.1:{free_port()}/0", "n"))
