"""How a subscription stands."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.subscribing.standing import Standing
from raincheck.subscribing.words import event_words
from raincheck_workers.cli.rendering.condition_tree import condition_tree, wait_line
from raincheck_workers.cli.rendering.subscription_words import counts_words, subscription_state
from raincheck_workers.cli.rendering.words import ago

_SHOWN = 5


def standing_page(standing: Standing) -> RenderableType:
    """Its state, what it has met, what it waits for, what became of the newest versions."""
    return Group(*_lines(standing))


def _lines(standing: Standing) -> Iterator[RenderableType]:
    subscription = standing.subscription
    definition = subscription.definition
    line = Text(f"subscription {definition.name} of {definition.pipeline}: ")
    yield line.append_text(subscription_state(subscription))
    yield condition_tree(standing.tree, 1)
    yield Text(
        f"since its first deployment: {counts_words(subscription.counts, subscription.pending)}"
    )
    yield from _pending(standing)
    if standing.waits:
        yield Text("the next run waits:")
        for wait in standing.waits:
            yield Padding(wait_line(wait), (0, 0, 0, 2), expand=False)
    else:
        yield Text("nothing holds it up")
    yield Text("the newest versions:")
    for text in standing.newest:
        yield Padding(Text(text), (0, 0, 0, 2), expand=False)


def _pending(standing: Standing) -> Iterator[RenderableType]:
    lane = standing.lane
    if not lane.pending:
        return
    yield Text(f"{lane.count} pending, oldest first:")
    for match in lane.pending[:_SHOWN]:
        words = event_words(match.kind, match.artifact, match.version)
        line = Text(f"event {match.event}: {words}, {ago(match.at)}")
        yield Padding(line, (0, 0, 0, 2), expand=False)
    if lane.count > _SHOWN:
        yield Padding(Text(f"and {lane.count - _SHOWN} more"), (0, 0, 0, 2), expand=False)
