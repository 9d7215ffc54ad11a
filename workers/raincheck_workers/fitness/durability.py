"""Whether the index's server keeps on its disk what it is given."""

from collections.abc import Iterator

from raincheck.index.server_facts import ServerFacts
from raincheck.settings import Settings
from raincheck_workers.fitness.check import Check, ok, problem, warning


def durability_checks(facts: ServerFacts, settings: Settings) -> Iterator[Check]:
    """Look at the append-only file and at when it is synced.

    Args:
        facts: that the server told.
        settings: with the durability that is wanted.
    """
    yield _kept(facts, settings)
    if not facts.appends:
        return
    if facts.sync_paused == "yes":
        found = "no-appendfsync-on-rewrite is yes: nothing is synced while the file is rewritten"
        yield warning("rewrite", found, "CONFIG SET no-appendfsync-on-rewrite no")
    if facts.delayed_syncs:
        found = f"the disk was too slow for the append-only file {facts.delayed_syncs} times"
        remedy = "A crash may then lose more than a second of writes; a faster disk helps"
        yield warning("disk", found, remedy)


def _kept(facts: ServerFacts, settings: Settings) -> Check:
    wanted, strict = f"RAINCHECK_DURABILITY is {settings.durability}", settings.strict
    if facts.appends is None or (strict and not facts.sync and facts.appends):
        remedy = "See to it that it has appendonly yes" + (", appendfsync always" if strict else "")
        return warning("durability", f"{wanted}; the server does not tell", remedy)
    if not facts.appends:
        found = "the server keeps no append-only file: a restart loses what it did not save"
        remedy = "CONFIG SET appendonly yes" + (", CONFIG SET appendfsync always" if strict else "")
        return (problem if strict else warning)("durability", f"{wanted}, but {found}", remedy)
    found = f"{wanted}; appendonly yes, appendfsync {facts.sync or 'not told'}"
    if strict and facts.sync != "always":
        return problem("durability", found, "CONFIG SET appendfsync always, or set it to relaxed")
    if facts.sync == "no":
        return warning("durability", found, "CONFIG SET appendfsync everysec")
    return ok("durability", found)
