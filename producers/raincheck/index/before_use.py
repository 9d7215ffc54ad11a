"""What a process checks of a server before it uses the index on it."""

import logging
from collections.abc import Callable
from typing import Any

from raincheck.index.eviction import SAFE_POLICY, eviction_policy
from raincheck.index.faults import redacted, unsynced
from raincheck.index.server_words import append_only, setting

_log = logging.getLogger(__name__)

_KNOWN: set[str] = set()  # servers of whose eviction this process has asked
_WARNED: set[tuple[str, str]] = set()  # what it has said of which server


def check_before_use(ask: Callable[..., Any], url: str, *, synced: bool) -> None:
    """Warn of a server that evicts; refuse one that does not sync although it has to.

    Args:
        ask: sends a command to the server; None when the server refuses it.
        url: of the server.
        synced: whether every write must be on the disk before it counts.

    Raises:
        IndexProtocolError: the server tells that it does not do so.
        IndexUnavailableError: it does not answer.
    """
    if url not in _KNOWN:
        _check_eviction(eviction_policy(ask("INFO", "memory")), url)
        _KNOWN.add(url)
    if synced:  # each time: another setting, or another server, may stand behind the address
        _check_synced(ask("INFO", "persistence"), setting(ask("CONFIG GET", "appendfsync")), url)


def _check_eviction(policy: str, url: str) -> None:
    if policy not in {"", SAFE_POLICY}:
        _warn(
            url,
            f"may throw data away when it is full: set its maxmemory-policy to noeviction (it is "
            f"{policy}); see `raincheck doctor`",
        )


def _check_synced(told: Any, sync: str, url: str) -> None:
    appends = append_only(told)
    if appends is False or sync not in {"", "always"}:
        raise unsynced(url, appends, sync)
    if appends is None or not sync:
        _warn(url, "does not tell whether it syncs each write, as RAINCHECK_DURABILITY=strict asks")


def _warn(url: str, problem: str) -> None:
    if (url, problem) not in _WARNED:
        _WARNED.add((url, problem))
        extra = {"action": "server_unfit", "problem": problem}
        _log.warning("the index at %s %s", redacted(url), problem, extra=extra)
