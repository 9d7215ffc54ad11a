"""Another namespace, read over the connection of the own one."""

import pytest

from raincheck.index import Index
from raincheck_contracts.errors import InvalidWriteError
from tests.support.builders import new_version, nonce
from tests.support.driver import Driver
from tests.support.servers import fake_index, fresh_namespace


def test_it_is_read_and_not_even_opened() -> None:
    """No key comes into being there."""
    own, name = fake_index(), fresh_namespace()
    other = own.elsewhere(name)
    assert (other.namespace, other.records.revision()) == (name, 0)
    assert other.connection.client is own.connection.client
    assert own.connection.ask([("KEYS", f"rc:{{{name}}}:*")]) == [[]]
    assert own.elsewhere(None) is own


def test_nothing_is_written_there() -> None:
    """A call that may write is refused before it is sent."""
    other = Driver(fake_index()).index
    seen = Index(other.connection).elsewhere(other.namespace)
    with pytest.raises(InvalidWriteError, match="is only read"):
        seen.versions.publish(nonce(), new_version("m"))
    assert other.records.version_count("m") == 0
