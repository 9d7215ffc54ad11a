"""What the processes of a node hold, told between them."""

import os

from raincheck_workers.liveness.holdings import Holdings
from tests.support.builders import nonce


def test_a_process_holds_what_it_runs() -> None:
    """Whatever the number of the attempt, which the index gives."""
    holdings, mine = Holdings(), nonce()
    assert holdings.empty()
    with holdings.hold(mine):
        assert not holdings.empty()
        assert holdings.holds(f"1:{mine}")
        assert holdings.holds(f"12:{mine}")
        assert not holdings.holds(f"1:{nonce()}")
    assert not holdings.holds(f"1:{mine}")


def test_a_forked_child_tells_its_parent() -> None:
    """Each in its own place; what a dead child held stays until its successor begins."""
    slots: list[int | None] = [None]
    holdings, first, second = Holdings(lambda: slots[0]), nonce(), nonce()
    for slot, held in ((3, first), (4, second)):
        child = os.fork()
        if child == 0:
            slots[0] = slot
            with holdings.hold(held):
                os._exit(0)
        os.waitpid(child, 0)
    assert holdings.holds(f"1:{first}")
    assert holdings.holds(f"1:{second}")
    slots[0] = 3
    with holdings.hold(nonce()):
        assert not holdings.holds(f"1:{first}")
