"""The heartbeat of a node: it lives, its children live, the tick goes on.

It runs in a thread of the worker's main process with a connection of its own, so that
a busy step or event loop does not silence it.
"""

import contextlib
import logging
import math
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Collection
from typing import Literal, Protocol

from typing_extensions import override

from raincheck.index import Index
from raincheck.index.replies import Holding
from raincheck.messaging.hints import HintSender
from raincheck_contracts.errors import IndexUnavailableError
from raincheck_workers.liveness.identity import NodeIdentity

_log = logging.getLogger(__name__)

#: Seconds between beats, and after which a tick that stands still is advanced. The Lua
#: library counts two ticks a second.
PERIOD = 0.5


def lease_ticks(lease: float) -> int:
    """Ticks of silence after which a node is taken for dead."""
    return math.ceil(lease / PERIOD)


class Children(Protocol):
    """The processes of a pool."""

    def living(self) -> Collection[int]:
        """Pids of those that live."""
        ...

    def ending(self, pid: int) -> str:
        """How one of them has ended, as far as that is known."""
        ...


def _untold(held: Holding, why: str) -> None:
    """Nobody is told."""


class Heartbeat(threading.Thread):
    """Beats for a node until stopped.

    Args:
        index: over a connection that nothing else uses.
        identity: of the node.
        lease: seconds of silence after which the node is taken for dead.
        hints: sends the messages of steps that lost their process.
        children: the pool's processes, which alone are ever killed; None when steps run in
            this process.
        grace: seconds that a running step may still take when the worker ends.
    """

    def __init__(
        self,
        index: Index,
        identity: NodeIdentity,
        lease: float,
        hints: HintSender,
        *,
        children: Children | None = None,
        grace: float = math.inf,
    ) -> None:
        super().__init__(name="raincheck-heartbeat", daemon=True)
        self._index = index
        self._identity = identity
        self._lease = lease
        self._grace = grace
        self._hints = hints
        self._children = children
        #: Is told of attempts whose process was killed or has died, and why.
        self.gone: Callable[[Holding, str], None] = _untold
        self._dead: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._cancelled: queue.SimpleQueue[str] = queue.SimpleQueue()
        # A queue and no event: it is put into by signal handlers too, which an event's
        # lock, held by the very thread that was interrupted, would block for ever.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ended = False
        self._draining_since: float | None = None
        self._tick = 0
        self._tick_seen = time.monotonic()
        self._last_beat = time.monotonic()
        self._fenced = 0.0  # the last beat after which the silence was too long
        self._holding: tuple[Holding, ...] = ()
        self._unheld: set[Holding] = set()
        self._let_running: set[str] = set()

    def register(self) -> None:
        """Make the node known, before its first message.

        Raises:
            IndexUnavailableError: the index does not answer.
        """
        self._beat(register=True)

    def report_dead(self, pid: int) -> None:
        """A child process has died or given up; its steps are given back at once."""
        if self._children is not None:  # else it is the process of all steps
            self._dead.put(pid)
            self._wake.put(None)

    def report_revoked(self, run: str) -> None:
        """Somebody revoked a run's task in Celery: the run is cancelled."""
        self._cancelled.put(run)
        self._wake.put(None)

    def drain(self) -> None:
        """The worker shuts down: its processes take no further steps. For signal handlers."""
        self._draining_since = self._draining_since or time.monotonic()
        self._wake.put(None)

    def stop(self) -> None:
        """End the thread and take leave; what still ran is queued again."""
        self._ended = True
        self._wake.put(None)
        if self.is_alive():
            self.join(timeout=5)
        try:
            self._hints.send(self._index.nodes.leave(self._identity.current()))
        except IndexUnavailableError:
            # The others notice that it is gone when its lease has ended.
            _log.warning("index away at the end", extra={"action": "left_unsaid"})

    @override
    def run(self) -> None:
        threading.Thread(target=self._watch, name="raincheck-fence", daemon=True).start()
        while not self._ended:
            self.turn()
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=PERIOD)

    def _watch(self) -> None:
        # A server that is cut off does not refuse: a beat may wait for longer than a lease.
        while not self._ended:
            time.sleep(PERIOD / 2)
            self._silent()

    def turn(self) -> None:
        """Beat once, and do what the reply and the dead ask for; errors are dealt with."""
        try:
            self._turn()
        except IndexUnavailableError:
            self._silent()
        except Exception:  # noqa: BLE001 - the thread must outlive its errors
            _log.exception("heartbeat failed", extra={"action": "heartbeat_failed"})

    def _turn(self) -> None:
        if not self._dead.empty():
            self._beat()  # what they held may be newer than the last beat
        while not self._dead.empty():
            self._lost(self._dead.get())
        while not self._cancelled.empty():
            self._cancel(self._cancelled.get())
        self._beat()
        self._advance_tick()
        if self._children is not None:
            alive = set(self._children.living())
            for pid in {item.pid for item in self._holding} - alive:
                self._lost(pid)
            self._end_in_time()
        self._give_back_unheld()

    def _cancel(self, run: str) -> None:
        try:
            self._index.runs.cancel(run, "revoked in Celery")
        except IndexUnavailableError:
            self._cancelled.put(run)  # nobody else knows of it
            raise

    def _beat(self, *, register: bool = False) -> None:
        node = self._identity.current()
        asked = time.monotonic()  # the index may have heard it then, however late it answers
        beat = self._index.nodes.beat(
            node,
            lease_ticks(self._lease),
            register=register,
            drain=self._draining_since is not None,
        )
        if not beat.known:
            # Taken for dead: what its processes still do would be refused anyway.
            _log.warning("node was reaped", extra={"action": "node_reaped", "node": node})
            self._kill_holding()
            self._identity.renew()
            self._beat(register=True)
            return
        self._last_beat = asked
        before, self._holding = self._holding, beat.running
        self._see_tick(beat.tick)
        if self._children is not None:
            for member, pid in beat.kill:
                _log.warning(
                    "killing a step", extra={"action": "step_killed", "step": member, "pid": pid}
                )
                self._kill(pid)
                held = [item for item in before if (item.member, item.pid) == (member, pid)]
                self.gone(held[0] if held else Holding(member, pid, ""), "killed: its time is over")
                self._lost(pid)
        else:
            self._let_run(beat.kill)

    def _give_back_unheld(self) -> None:
        """Give back what the index believes to be held here, and is not.

        Seen twice, because a process notes what it holds in other memory than this.
        """
        unheld = {item for item in self._holding if not self._identity.holdings.holds(item.fence)}
        for item in unheld & self._unheld:
            _log.warning(
                "nobody here holds a step", extra={"action": "step_unheld", "step": item.member}
            )
            self._give_back(item, "lost")
        self._unheld = unheld

    def _end_in_time(self) -> None:
        """The worker ends, and its steps have had their time: others shall run them."""
        since = self._draining_since
        if since is None or time.monotonic() - since < self._grace:
            return
        for item in self._holding:
            extra = {"action": "step_given_back", "step": item.member}
            _log.warning("a step does not end in time", extra=extra)
            self._give_back(item, "ending")
            self._kill(item.pid)
            self.gone(item, "killed: the worker ends")

    def _give_back(self, item: Holding, why: Literal["lost", "ending"]) -> None:
        node = self._identity.current()
        self._hints.send(self._index.nodes.give_back(node, item, why))

    def _let_run(self, kill: tuple[tuple[str, int], ...]) -> None:
        # In a pool of threads the step runs in this very process and cannot be killed; its
        # writes are refused. To call the process lost would take all others' steps as well.
        for member, _ in kill:
            if member not in self._let_running:
                extra = {"action": "step_left_running", "step": member}
                _log.warning("a step that is over runs on in its thread", extra=extra)
        self._let_running = {member for member, _ in kill}

    def _see_tick(self, tick: int) -> None:
        if tick != self._tick:
            self._tick, self._tick_seen = tick, time.monotonic()

    def _advance_tick(self) -> None:
        if time.monotonic() - self._tick_seen >= PERIOD * 0.9:
            self._see_tick(self._index.nodes.tick(self._tick))

    def _silent(self) -> None:
        """The index does not answer: after a lease, stop computing what others redo."""
        last = self._last_beat
        if time.monotonic() - last <= self._lease or self._fenced == last:
            return
        self._fenced = last
        # What was claimed since the last beat is known to the processes alone.
        if self._children is not None and not self._identity.holdings.empty():
            _log.warning("index away for a lease", extra={"action": "self_fenced"})
            for pid in self._children.living():
                self._kill(pid)

    def _kill_holding(self) -> None:
        for item in self._holding:
            self._kill(item.pid)

    def _kill(self, pid: int) -> None:
        if self._children is not None and pid in self._children.living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _lost(self, pid: int) -> None:
        why = self._children.ending(pid) if self._children is not None else ""
        for item in self._holding:
            if item.pid == pid:
                self.gone(item, why or "its process has ended")
        self._hints.send(self._index.nodes.lost(self._identity.current(), pid, why))
