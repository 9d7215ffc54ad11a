"""The sweeper: wakes, reaps, and sends what is due. Every worker runs one.

Its scripts are bounded and idempotent, so many sweepers do no harm, and there is no
leader whose death would matter.
"""

import logging
import random
import threading
import time
from collections.abc import Callable

from typing_extensions import override

from raincheck.index import Index
from raincheck.messaging.hints import HintSender
from raincheck.messaging.waking import wake
from raincheck_contracts.errors import IndexUnavailableError

_log = logging.getLogger(__name__)

#: Seconds between two looks for changes whose maker did not wake the waiters.
WAKE_PERIOD = 0.2
#: Seconds between two looks for silent nodes and lost hints.
SWEEP_PERIOD = 0.5
#: Seconds between two looks for what has been kept long enough.
TRIM_PERIOD = 60.0
#: A queue has room while it holds fewer messages than so many per slot.
MESSAGES_PER_SLOT = 2


class Sweeper(threading.Thread):
    """Sweeps until stopped.

    Args:
        index: over a connection that nothing else uses.
        hints: sends the messages.
        slots: steps that this worker runs at once.
        length: messages in a queue; None when unknown.
    """

    def __init__(
        self, index: Index, hints: HintSender, slots: int, length: Callable[[str], int | None]
    ) -> None:
        super().__init__(name="raincheck-sweeper", daemon=True)
        self._index = index
        self._hints = hints
        self._slots = slots
        self._length = length
        self._ended = threading.Event()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        if self.is_alive():
            self.join(timeout=5)

    @override
    def run(self) -> None:
        next_sweep = next_trim = 0.0
        pause = WAKE_PERIOD
        while not self._ended.wait(pause):
            try:
                wake(self._index, self._hints, patience=WAKE_PERIOD)
                if time.monotonic() >= next_sweep:
                    due_in = self.sweep()
                    next_sweep = time.monotonic() + min(due_in, SWEEP_PERIOD)
                if time.monotonic() >= next_trim and not self._index.runs.trim():
                    next_trim = time.monotonic() + TRIM_PERIOD
                pause = min(WAKE_PERIOD, max(0.005, next_sweep - time.monotonic()))
            except IndexUnavailableError:
                pause = 1.0 + random.random()  # noqa: S311 - spreads reconnecting workers
            except Exception:  # noqa: BLE001 - this thread must outlive its errors
                _log.exception("sweep failed", extra={"action": "sweep_failed"})
                pause = 1.0

    def sweep(self) -> float:
        """One look at silent nodes, timers and hints.

        Returns:
            Seconds until the next timer; `SWEEP_PERIOD` without one.
        """
        self._hints.send(self._index.nodes.reap())
        messages, due_in = self._index.runs.due(self._queues_with_room())
        if messages:
            _log.info("hints due", extra={"action": "hints_due", "hints": len(messages)})
        self._hints.send(messages)
        return SWEEP_PERIOD if due_in < 0 else due_in / 1000

    def _queues_with_room(self) -> list[str]:
        nodes = max(1, len(self._index.records.nodes()))
        limit = MESSAGES_PER_SLOT * self._slots * nodes
        lengths = ((queue, self._length(queue)) for queue in self._index.records.queues())
        return [queue for queue, length in lengths if length is not None and length < limit]
