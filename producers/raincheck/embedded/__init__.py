"""The embedded server: a real Valkey that the processes of one home folder share.

It is started by the first process that needs it, restarted with its data after a crash, and ended
when the last process has ended. Importing this starts nothing.
"""

from raincheck.embedded.server import (
    Durability,
    ensure_server,
    release_server,
    server_address,
)

__all__ = ["Durability", "ensure_server", "release_server", "server_address"]
