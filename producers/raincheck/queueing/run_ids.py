"""Ids of runs: in order of their creation, unguessable."""

import secrets
import time


def new_run_id() -> str:
    """A UUIDv7 as 32 hex digits (RFC 9562, section 5.7): time first, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return f"{value:032x}"
