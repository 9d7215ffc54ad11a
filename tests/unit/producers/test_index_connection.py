import os
import socket
from typing import cast

import pytest
from fakeredis import FakeRedis, FakeServer

from raincheck.index import Connection, Index
from raincheck.index.connection import Commands, text
from raincheck.index.library import library_digest, library_source
from raincheck_contracts.errors import IndexProtocolError, IndexUnavailableError
from tests.support.builders import new_version, nonce
from tests.support.dumps import ask, key
from tests.support.servers import fake_index, fresh_namespace, running_server, valkey_index


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_is_not_there_is_said_to_be_away() -> None:
    """The error names the address, without the password, and what to do."""
    connection = Connection(f"redis://me:secret@127.0.0.1:{_free_port()}/0", "test")
    with pytest.raises(IndexUnavailableError, match="RAINCHECK_URL") as caught:
        connection.call("tick", 0)
    assert "secret" not in str(caught.value)
    assert caught.value.url.startswith("redis://127.0.0.1:")
    assert isinstance(caught.value, ConnectionError)


def test_a_server_that_does_not_answer_is_said_to_be_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the time that one call may take, and as many repeats as are allowed: here none."""
    monkeypatch.setattr("raincheck.index.connection._RETRIES", 0)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        connection = Connection(url, "test", socket_timeout=0.05)
        with pytest.raises(IndexUnavailableError):
            connection.call("tick", 0)


def test_an_address_that_is_none_is_said_to_be_so() -> None:
    """The problem stands in the error."""
    with pytest.raises(IndexUnavailableError, match="redis://, rediss://, unix://"):
        Connection("http://localhost", "test").call("tick", 0)


def test_a_server_that_went_away_is_said_to_be_away() -> None:
    """Also after it had answered; when it is back, so is the index."""
    server = FakeServer()
    client = cast("Commands", FakeRedis(server=server))
    connection = Connection("redis://fake", "test", client=client)
    seen = connection.call("tick", 0)
    server.connected = False
    with pytest.raises(IndexUnavailableError):
        connection.call("tick", 0)
    with pytest.raises(IndexUnavailableError):
        connection.ask([("PING",)])
    server.connected = True
    assert connection.call("tick", 0) == seen


def test_an_index_of_another_protocol_is_not_touched() -> None:
    """The error names both protocols."""
    index = fake_index()
    ask(index, "HSET", key(index, "index"), "protocol", "2")
    other = Index(Connection("redis://fake", index.namespace, client=index.connection.client))
    with pytest.raises(IndexProtocolError, match="protocol 2, this release speaks 1"):
        other.nodes.tick(0)


def test_a_server_without_functions_is_too_old() -> None:
    """The error says what is needed."""
    client = cast("Commands", FakeRedis(server=FakeServer(version=(6,))))
    with pytest.raises(IndexProtocolError, match="Redis 7 or Valkey"):
        Connection("redis://fake", "test", client=client).call("tick", 0)


def test_the_library_is_loaded_when_the_server_has_lost_it(valkey_url: str) -> None:
    """For instance after a restart without its data."""
    index = valkey_index(valkey_url)
    seen = index.nodes.tick(0)
    ask(index, "FUNCTION", "FLUSH")
    assert index.nodes.tick(0) == seen
    ask(index, "FUNCTION", "FLUSH")
    assert index.versions.resolve([]).answers == ()
    index.connection.close()


def test_a_library_of_another_release_is_replaced(valkey_url: str) -> None:
    """A server keeps functions over restarts, and so those of the release before."""
    index = valkey_index(valkey_url)
    older = library_source().replace(library_digest(), "0" * 64)
    ask(index, "FUNCTION", "LOAD", "REPLACE", older)
    assert text(index.connection.call("digest")) == "0" * 64
    index.connection.close()
    assert text(index.connection.call("digest")) == library_digest()
    index.connection.close()


def test_a_server_that_is_full_may_be_asked_again() -> None:
    """A refusal that ends by itself is no reason to give up, and nothing was written."""
    with running_server() as url:
        index = valkey_index(url)
        index.nodes.tick(0)
        ask(index, "CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(IndexUnavailableError):
            index.versions.publish(nonce(), new_version("model"))
        ask(index, "CONFIG", "SET", "maxmemory", "0")
        assert index.records.artifact_names() == []
        index.versions.publish(nonce(), new_version("model"))
        index.connection.close()


def test_an_error_of_a_function_is_not_hidden() -> None:
    """What the server says stands in the error."""
    index = fake_index()
    ask(index, "SET", key(index, "nodes"), "not a zset")
    with pytest.raises(IndexProtocolError, match="WRONGTYPE"):
        index.nodes.beat("n1", 1, register=True)


def test_a_forked_child_connects_anew(valkey_url: str) -> None:
    """A connection shared by two processes would mix their replies."""
    index = valkey_index(valkey_url)
    first = index.connection.client
    assert index.connection.client is first
    child = os.fork()
    if child == 0:
        anew = index.connection.client is not first and index.nodes.tick(0) == 1
        os._exit(0 if anew else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert index.connection.client is first
    index.connection.close()


def test_a_closed_connection_opens_again_when_it_is_used(valkey_url: str) -> None:
    """Closing is for the end of a process, and harmless before."""
    index = valkey_index(valkey_url)
    seen = index.nodes.tick(0)
    index.connection.close()
    index.connection.close()
    assert index.nodes.tick(0) == seen
    index.connection.close()


def test_namespaces_do_not_see_each_other() -> None:
    """All keys of a namespace stand under one hash tag."""
    client = fake_index().connection.client
    first, second = (
        Index(Connection("redis://fake", fresh_namespace(), client=client)) for _ in range(2)
    )
    assert first.connection.prefix == f"rc:{{{first.namespace}}}:"
    first.nodes.beat("n1", 1, register=True)
    assert (first.records.nodes(), second.records.nodes()) == (["n1"], [])


def test_the_library_names_itself_once() -> None:
    """One shebang, though it is joined from several files."""
    assert library_source().count("#!lua") == 1


def test_a_reply_is_read_as_text() -> None:
    """Nothing is the empty text."""
    assert (text(b"\xc3\xa4"), text("a"), text(None)) == ("ä", "a", "")
