"""Memory of the index's server: what it does when it is full, and how near that is."""

from collections.abc import Iterator

from raincheck.index.eviction import SAFE_POLICY
from raincheck.index.faults import evicting
from raincheck.index.server_facts import ServerFacts
from raincheck_workers.fitness.check import Check, ok, problem, warning

_FULL = 0.8  # of maxmemory, from which on a person should know


def memory_checks(url: str, facts: ServerFacts) -> Iterator[Check]:
    """Look at eviction and headroom.

    Args:
        url: of the server.
        facts: that it told.
    """
    yield _eviction(url, facts.eviction_policy)
    if facts.most_memory and facts.used_memory is not None:
        used = facts.used_memory / facts.most_memory
        found = f"{used:.0%} of maxmemory ({facts.most_memory / 2**20:,.0f} MiB) used"
        if used < _FULL:
            yield ok("memory", found)
        else:
            remedy = "Give the server more memory: when it is full it refuses writes"
            yield warning("memory", found, remedy)


def _eviction(url: str, policy: str) -> Check:
    if policy == SAFE_POLICY:
        return ok("eviction", f"maxmemory-policy is {policy}")
    if not policy:
        found = "the server does not tell its maxmemory-policy"
        return warning("eviction", found, f"See to it that it is {SAFE_POLICY}")
    error = evicting(url, policy)
    return problem("eviction", error.problem, error.remedy)
