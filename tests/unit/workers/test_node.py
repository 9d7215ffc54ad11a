"""The identity of a worker process group."""

import os

import pytest

from raincheck_workers.liveness.identity import NodeIdentity


def test_an_id_is_used_for_one_life() -> None:
    """It names host and process, and is another after each renewal."""
    identity = NodeIdentity()
    first = identity.current()
    assert f"-{os.getpid()}-" in first
    second = identity.renew()
    assert second != first
    assert identity.current() == second
    assert NodeIdentity().current() not in {first, second}


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_processes_see_a_renewal() -> None:
    """The memory is shared: no child goes on under the old id."""
    identity = NodeIdentity()
    before = identity.current()
    told, tell = os.pipe()
    answer, answered = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(told, 1)
        os.write(answered, identity.current().encode())
        os._exit(0)
    after = identity.renew()
    os.write(tell, b"x")
    assert os.read(answer, 200).decode() == after != before
    os.waitpid(child, 0)
    for descriptor in (told, tell, answer, answered):
        os.close(descriptor)
