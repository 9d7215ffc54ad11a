"""Whether a server may throw keys away when its memory is full."""

from collections.abc import Mapping
from typing import Any

#: The only policy under which the index keeps its promises: a full server refuses writes.
SAFE_POLICY = "noeviction"


def eviction_policy(reply: Any) -> str:
    """The policy that `INFO memory` names; empty when it names none.

    Asked of INFO and not of CONFIG, which managed servers forbid.
    """
    if isinstance(reply, Mapping):
        return str(reply.get("maxmemory_policy", ""))
    return ""
