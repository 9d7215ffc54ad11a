"""The server of the index: does it answer, and is it fit? Workers look before they start, too."""

from collections.abc import Iterator

from raincheck.index.connection import Connection
from raincheck.index.faults import other_protocol, redacted, too_old
from raincheck.index.library import PROTOCOL, RELEASE, library_digest
from raincheck.index.server_facts import ServerFacts, read_server_facts
from raincheck.settings import Settings
from raincheck_contracts.errors import IndexProtocolError
from raincheck_workers.fitness.check import Check, ok, problem, warning
from raincheck_workers.fitness.durability import durability_checks
from raincheck_workers.fitness.memory import memory_checks
from raincheck_workers.fitness.namespace import namespace_checks

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
    yield from memory_checks(connection.url, facts)
    yield from durability_checks(facts, settings)
    yield _library(connection, facts)
    yield _clock(facts)
    yield from namespace_checks(connection, settings)
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
