"""Whether a namespace may fall back to another: what the server and the index answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from raincheck_contracts.errors import FallbackError


def check_no_cluster(told: Any, namespace: str, wanted: str) -> None:
    """Refuse a cluster, where the two namespaces lie in two slots.

    Args:
        told: the server's answer to INFO; None when it does not tell.
        namespace: that shall have a fall-back.
        wanted: the fall-back.

    Raises:
        FallbackError: the server belongs to a cluster.
    """
    if isinstance(told, Mapping) and str(told.get("cluster_enabled", "0")) == "1":
        raise FallbackError(namespace, wanted, "CLUSTER")


def check_fallback(namespace: str, wanted: str, reply: Sequence[Any]) -> None:
    """Raise what a refused `fall_back` stands for.

    Args:
        namespace: that shall have a fall-back.
        wanted: the fall-back.
        reply: of the function.

    Raises:
        FallbackError: it was refused.
    """
    code, found = (item if isinstance(item, str) else item.decode() for item in reply)
    if code != "DONE":
        raise FallbackError(namespace, wanted, code, found)
