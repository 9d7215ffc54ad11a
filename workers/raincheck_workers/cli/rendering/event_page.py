"""An event, and what became of it in each subscription."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.subscribing.outcomes import Became, Concern, about_a_version
from raincheck_contracts.events import Event
from raincheck_workers.cli.rendering.condition_tree import condition_tree, wait_line
from raincheck_workers.cli.rendering.event_line import event_line

_STYLES = {Became.STARTED: "green", Became.PENDING: "yellow", Became.NOT_LOOKED_AT: "yellow"}


def event_page(event: Event, concerns: Sequence[Concern]) -> RenderableType:
    """The event in one line, then the subscriptions that are about its artifact."""
    return Group(event_line(event), *_lines(event, concerns))


def _lines(event: Event, concerns: Sequence[Concern]) -> Iterator[RenderableType]:
    version_event = about_a_version(event)
    if version_event is None:
        yield Text("no subscription is about it: it is no event of a version")
    elif not concerns:
        yield Text(f"no subscription is about {version_event.data.artifact}")
    for concern in concerns:
        yield from _concern(concern)


def _concern(concern: Concern) -> Iterator[RenderableType]:
    line = Text(concern.subscription.definition.name, style="bold")
    line.append(": ", style="not bold")
    line.append(concern.became, style=f"not bold {_STYLES.get(concern.became, 'default')}")
    if concern.run is not None:
        line.append(f" run {concern.run}", style="not bold default")
    elif concern.became is Became.NOT_MATCHED:
        failing = [f"{part.words}: {part.value}" for part in concern.tree.failing()]
        line.append(f" ({'; '.join(failing)})" if failing else "", style="not bold default")
    yield line
    for reason in concern.reasons:
        yield Padding(wait_line(reason), (0, 0, 0, 4), expand=False)
    yield condition_tree(concern.tree, 1)
