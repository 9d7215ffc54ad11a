"""What deploying a module would change."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from raincheck.subscribing.deploying import DeploymentPlan
from raincheck.subscribing.words import trigger_words
from raincheck_contracts.subscriptions import Subscription
from raincheck_workers.cli.rendering.words import one_line

_STYLES = {"new": "green", "changed": "yellow", "same": "dim"}
_LINE_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def plan_page(plans: Sequence[DeploymentPlan]) -> RenderableType:
    """A line for each subscription, the difference of those that change, the warnings."""
    return Group(*(line for planned in plans for line in _lines(planned)))


def _lines(planned: DeploymentPlan) -> Iterator[RenderableType]:
    line = Text(planned.name, style="bold").append(" is ", style="not bold")
    line.append(planned.change, style=f"not bold {_STYLES[planned.change]}")
    words = one_line(trigger_words(planned.subscription.definition))
    yield line.append(f": {words}", style="not bold default")
    if planned.change == "changed":
        for item in planned.difference:
            text = Text(one_line(item), style=_LINE_STYLES.get(item[:1], "default"))
            yield Padding(text, (0, 0, 0, 2), expand=False)
    for warning in planned.warnings:
        yield Text("  warning: ", style="yellow").append(warning, style="default")


def left_over_line(module: str, subscription: Subscription) -> Text:
    """A subscription that was deployed from a module and that it does not have now."""
    definition = subscription.definition
    return Text(
        f"{definition.name}, of {definition.function}, is not among what {module} deploys and "
        f"stays {subscription.state}; raincheck subscriptions delete {definition.name} forgets it"
    )
