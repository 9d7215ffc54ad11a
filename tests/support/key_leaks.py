"""Finds keys that nothing would ever remove."""

from typing import Any

from raincheck.index import Index
from raincheck.index.connection import text
from tests.support.dumps import ask, key, key_names

#: Kept for ever, by design: the truth about artifacts, and tables of bounded size.
PERMANENT = (
    "index",
    "events",
    "bad",
    "arts",
    "models",
    "queues",
    "runs:live",
    "runs:done",
    "nodes",
    "dirty",
    "dead",
    "subs",
    "behind",
    "lagging",
    "marking",
    "forms",
    "forms:users",
)
PERMANENT_KINDS = (
    *("art:", "vers:", "ver:", "newest:", "alias:", "best:", "tag:"),
    *("ahist:", "guard:", "made:", "used:"),
    *("members:", "linked:", "modelruns:", "removed:"),
    "gone:",
)
#: What belongs to the subscription that stands in its name, until that is deleted.
OF_SUBSCRIPTIONS = ("sub:", "deployed:", "pend:", "join:", "live:", "fill:", "matched:")
#: Tables of steps: every member must belong to a live run.
STEP_TABLES = ("hints:", "queued:", "waiting", "wait:", "wake:")


def key_leaks(index: Index) -> list[str]:
    """Keys without a time to live that are neither permanent nor a live run's.

    Args:
        index: after a test.

    Returns:
        What would stay for ever, in words; empty when all is well.
    """
    live = {text(run) for run in ask(index, "ZRANGE", key(index, "runs:live"), 0, -1)}
    nodes = set(index.records.nodes())
    leaks: list[str] = []
    subscribed = set(index.subscriptions.names())
    for name in key_names(index):
        if name in PERMANENT or name.startswith(PERMANENT_KINDS):
            continue
        if name.startswith(("subs:", *OF_SUBSCRIPTIONS)):
            leaks += _subscription_leaks(index, name, live, subscribed)
        elif name == "timers":
            timers = _members(index, name)
            leaks += [f"timer {item}" for item in timers if not _timely(item, live, subscribed)]
        else:
            leaks += _leaks_of(index, name, live, nodes)
    return leaks


def _subscription(lane: str) -> str:
    """Whose a lane, or a memory of matches, is."""
    return lane.partition("|")[0].partition("+")[0]


def _subscription_leaks(index: Index, name: str, live: set[str], subscribed: set[str]) -> list[str]:
    """What is left of subscriptions that are deleted, and live runs that have ended."""
    kind, _, rest = name.partition(":")
    if kind == "subs":
        gone = [member for member in _members(index, name) if member not in subscribed]
        return [f"{name} {member}" for member in gone]
    if _subscription(rest) not in subscribed:
        return [f"{name} of no subscription"]
    if kind == "live":
        return [f"{name} {run}" for run in _members(index, name) if run not in live]
    return []


def _leaks_of(index: Index, name: str, live: set[str], nodes: set[str]) -> list[str]:
    kind, _, rest = name.partition(":")
    if kind == "node":
        return _node_leaks(index, rest, live) if rest in nodes else [f"{name} of no node"]
    if name.startswith(STEP_TABLES):
        return [f"{name} {member}" for member in _members(index, name) if _run(member) not in live]
    if ask(index, "PTTL", key(index, name)) > 0:
        return []
    return [] if _belongs_to(index, kind, rest, live) else [f"{name} stays for ever"]


def _belongs_to(index: Index, kind: str, rest: str, live: set[str]) -> bool:
    """Whether a record is one of a live run's."""
    if kind == "spec":
        holders = [f"run:{run}" for run in live]
        holders += [f"sub:{name}" for name in index.subscriptions.names()]
        return rest in {text(ask(index, "HGET", key(index, name), "spec")) for name in holders}
    if kind == "idem":
        return text(ask(index, "GET", key(index, f"idem:{rest}"))).split("\x1f")[0] in live
    return kind in {"run", "step"} and _run(rest) in live


def _run(member: str) -> str:
    return member.partition("/")[0]


def _members(index: Index, name: str) -> list[str]:
    if text(ask(index, "TYPE", key(index, name))) == "zset":
        reply: Any = ask(index, "ZRANGE", key(index, name), 0, -1)
    else:
        reply = ask(index, "SMEMBERS", key(index, name))
    return sorted(text(member) for member in reply)


def _timely(member: str, live: set[str], subscribed: set[str]) -> bool:
    """Whether a timer is a live run's or a subscription's.

    A delayed start goes by itself when it fires.
    """
    if member.startswith("s|"):
        return _subscription(member[2:]) in subscribed
    return member.startswith("h|") or _run(member.rpartition("|")[2]) in live


def _node_leaks(index: Index, node: str, live: set[str]) -> list[str]:
    """Steps of ended runs that a node is said to run; a kill entry goes with the process."""
    fields = [text(field) for field in ask(index, "HKEYS", key(index, f"node:{node}"))]
    return [
        f"node:{node} {field}"
        for field in fields
        if field.startswith(("s:", "i:")) and _run(field[2:]) not in live
    ]
