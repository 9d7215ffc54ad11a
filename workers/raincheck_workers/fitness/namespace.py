"""The namespace, and the one that it falls back to: does every process mean the same?"""

from collections.abc import Iterator

from raincheck.index.connection import Connection, text
from raincheck.settings import Settings
from raincheck_contracts.errors import FallbackError
from raincheck_workers.fitness.check import Check, ok, problem, warning

_NAME = "namespace"


def namespace_checks(connection: Connection, settings: Settings) -> Iterator[Check]:
    """Look at what is recorded and what the settings say.

    Raises:
        IndexUnavailableError: the server does not answer.
    """
    own, wanted = connection.namespace, settings.fallback_namespace
    known = connection.probe([("HMGET", f"{connection.prefix}index", "fallback", "revision")])[0]
    recorded, revision = (text(item) for item in known or (None, None))
    if wanted is not None and wanted != recorded and (recorded or revision):
        error = FallbackError(own, wanted, "OTHER", recorded)
        yield problem(_NAME, *str(error).split(". ", 1))
        return
    fallback = recorded or wanted
    if not fallback:
        yield ok(_NAME, f"{own}; it has no fall-back")
        return
    prefix = f"rc:{{{fallback}}}:"
    asked = connection.probe([("ZCARD", f"{prefix}arts"), ("HGET", f"{prefix}index", "fallback")])
    artifacts, further = int(asked[0] or 0), text(asked[1])
    found = (
        f"{own}; what it has nothing of is read from {fallback}, which has {artifacts} artifacts"
    )
    if further:
        yield warning(_NAME, f"{found}; its own fall-back {further} is not read", f"See {further}")
    elif not artifacts:
        yield warning(_NAME, found, "Is RAINCHECK_FALLBACK_NAMESPACE spelled as the other is?")
    else:
        yield ok(_NAME, found)
