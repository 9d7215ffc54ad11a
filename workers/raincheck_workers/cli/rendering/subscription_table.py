"""Subscriptions as a table."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from raincheck.subscribing.words import trigger_words
from raincheck_contracts.subscriptions import Subscription
from raincheck_workers.cli.rendering.subscription_words import group_words, subscription_state
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import one_line


def subscription_table(subscriptions: Sequence[Subscription]) -> Table:
    """A line per subscription."""
    columns = ("subscription", "pipeline", "state", "starts at", "group")
    table = plain_table(*columns, "started", "pending", "live")
    for subscription in subscriptions:
        definition = subscription.definition
        table.add_row(
            definition.name,
            Text(definition.pipeline),
            subscription_state(subscription),
            Text(one_line(trigger_words(definition))),
            group_words(definition.group),
            *map(str, (subscription.counts.started, subscription.pending, subscription.live)),
        )
    return table
