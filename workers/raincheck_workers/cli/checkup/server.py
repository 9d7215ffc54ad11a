"""The server of the index: does it answer, is it fit, does it keep what it is given."""

from collections.abc import Iterator

from raincheck.index.connection import Connection
from raincheck.index.eviction import SAFE_POLICY
from raincheck.index.faults import evicting, other_protocol, redacted, too_old
from raincheck.index.library import PROTOCOL, RELEASE, library_digest
from raincheck.index.server_facts import ServerFacts, read_server_facts
from raincheck.settings import Settings
from raincheck_contracts.errors import IndexProtocolError
from raincheck_workers.cli.checkup.check import Check, ok, problem, warning

_OLDEST = 7
_CLOCKS = 5.0  # seconds that clocks may differ before a person is confused by times


def server_checks(connection: Connection, settings: Settings) -> Iterator[Check]:
    """Look at the server of the index.

    Raises:
        IndexUnavailableError: it does not answer.
    """
    facts = read_server_facts(connection)
    yield ok("index", f"{redacted(connection.url)} answers")
    yield _version(connection, facts)
    yield _eviction(connection, facts)
    yield _durability(facts, settings)
    yield _library(connection, facts)
    yield _clock(facts)
    if facts.replica:
        remedy = "Name the primary server in RAINCHECK_URL"
        yield problem("role", "a read-only replica: nothing can be written", remedy)


def _version(connection: Connection, facts: ServerFacts) -> Check:
    if facts.level is None:
        return warning("version", "the server does not tell", "Redis 7 or newer, or Valkey")
    found = f"{facts.product} {facts.version}"
    if facts.level < _OLDEST:
        return problem("version", found, _told(too_old(connection.url)))
    return ok("version", found)


def _eviction(connection: Connection, facts: ServerFacts) -> Check:
    policy = facts.eviction_policy
    if policy == SAFE_POLICY:
        return ok("eviction", f"maxmemory-policy is {policy}")
    if not policy:
        found = "the server does not tell its maxmemory-policy"
        return warning("eviction", found, f"See to it that it is {SAFE_POLICY}")
    error = evicting(connection.url, policy)
    return problem("eviction", error.problem, error.remedy)


def _durability(facts: ServerFacts, settings: Settings) -> Check:
    wanted = f"RAINCHECK_DURABILITY is {settings.durability}"
    if facts.appends is None:
        remedy = "See to it that it keeps an append-only file (appendonly yes)"
        return warning("durability", f"{wanted}; the server does not tell", remedy)
    if not facts.appends:
        found = "the server keeps no append-only file: a restart loses what it did not save"
        return (problem if settings.durability == "strict" else warning)(
            "durability", f"{wanted}, but {found}", "CONFIG SET appendonly yes"
        )
    found = f"{wanted}; appendonly yes, appendfsync {facts.sync or 'not told'}"
    if settings.durability == "strict" and facts.sync != "always":
        return problem("durability", found, "CONFIG SET appendfsync always, or set it to relaxed")
    if facts.sync == "no":
        return warning("durability", found, "CONFIG SET appendfsync everysec")
    return ok("durability", found)


def _library(connection: Connection, facts: ServerFacts) -> Check:
    if facts.protocol not in {"", str(PROTOCOL)}:
        error = other_protocol(connection.url, facts.protocol)
        return problem("library", error.problem, error.remedy)
    if not facts.library:
        return ok("library", "not loaded yet: the first use of the index loads it")
    if facts.library == library_digest():
        return ok("library", f"of this release, {RELEASE}")
    found = f"the one on the server is of Raincheck {facts.release or '(unknown)'}, not {RELEASE}"
    remedy = "Upgrade the older side; each replaces the other's when it connects"
    return warning("library", found, remedy)


def _clock(facts: ServerFacts) -> Check:
    if facts.clock_difference is None:
        return warning("clock", "the server does not tell its time", "Compare them by hand")
    found = f"the server's is {facts.clock_difference:+.1f} s from this host's"
    if abs(facts.clock_difference) > _CLOCKS:
        remedy = "Let both use NTP: times are shown wrongly; liveness compares no clocks"
        return warning("clock", found, remedy)
    return ok("clock", found)


def _told(error: IndexProtocolError) -> str:
    return f"{error.problem}. {error.remedy}"
