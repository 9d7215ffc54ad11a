"""Of which run another is a fork, in words."""

from collections.abc import Iterator

from raincheck_contracts.runs import Fork


def fork_words(fork: Fork) -> Iterator[str]:
    """A line for the run that is repeated, and one for each input that was given anew."""
    how = "on the versions that it had bound" if fork.pins else "with its references resolved anew"
    yield f"fork of run {fork.run}, {how}"
    for place, reference in fork.replaced.items():
        yield f"  with {place} = {reference}"
    if fork.unbound:
        yield f"  {unbound_words(fork)}"


def unbound_words(fork: Fork) -> str:
    """The steps whose references could not be pinned."""
    steps = ", ".join(fork.unbound)
    return f"run {fork.run} had not bound the references of {steps}: they stay as written"
