"""A subscription in full."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.text import Text

from raincheck.index.subscription_scripts import DeploymentRecord
from raincheck.subscribing.explaining import explain
from raincheck_contracts.subscriptions import Backfill, Subscription, SubscriptionState
from raincheck_workers.cli.rendering.condition_tree import condition_tree
from raincheck_workers.cli.rendering.subscription_words import (
    counts_words,
    group_words,
    limit_words,
    subscription_state,
)
from raincheck_workers.cli.rendering.tables import plain_table
from raincheck_workers.cli.rendering.words import ago, one_line, pairs

_SHOWN_RUNS, _SHOWN_DEPLOYMENTS = 10, 10


def subscription_page(
    subscription: Subscription,
    deployments: Sequence[DeploymentRecord],
    live: Sequence[str],
    backfills: Sequence[Backfill],
) -> RenderableType:
    """Everything about a subscription.

    Args:
        subscription: as recorded.
        deployments: of it, oldest first.
        live: its runs that have not ended, oldest first.
        backfills: of it, oldest first.
    """
    parts: list[RenderableType] = [_head(subscription), *_state(subscription)]
    parts += [Text("starts at", style="bold"), condition_tree(explain(subscription.definition), 1)]
    pending = subscription.pending + sum(item.pending for item in backfills)
    parts += [Text(line) for line in _options(subscription, pending)]
    parts += _live(live)
    parts += [_backfill(item) for item in backfills]
    table = plain_table("deployment", "when", "function")
    for item in reversed(deployments[-_SHOWN_DEPLOYMENTS:]):
        moment = datetime.fromtimestamp(item.at / 1000, UTC)
        when = f"{ago(item.at)}, {moment:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(str(item.version), when, Text(item.definition.function))
    return Group(*parts, table)


def _head(subscription: Subscription) -> Text:
    definition = subscription.definition
    line = Text(f"subscription {definition.name} of {definition.pipeline}: ")
    return line.append_text(subscription_state(subscription))


def _state(subscription: Subscription) -> Iterator[Text]:
    name = subscription.definition.name
    if subscription.reason:
        yield Text(f"because: {one_line(subscription.reason)}")
    if subscription.state is SubscriptionState.PAUSED:
        yield Text(f"go on with: raincheck subscriptions resume {name}")
    if subscription.gap is not None:
        yield Text(f"missing: the events after {subscription.gap[0]} up to {subscription.gap[1]}")
        yield Text(f"go on after them with: raincheck subscriptions resume {name} --skip-gap")
    behind = "it has events to look at" if subscription.behind else "it has looked at all"
    yield Text(f"cursor: {subscription.cursor}, {behind}")


def _options(subscription: Subscription, pending: int) -> Iterator[str]:
    definition = subscription.definition
    if definition.parameters:
        yield f"parameters: {pairs(definition.parameters)}"
    if definition.requires:
        yield f"requires: {', '.join(map(str, definition.requires))}"
    if subscription.lacks is not None:
        yield f"lacks: {subscription.lacks}, which it requires"
    yield f"group: {group_words(definition.group)}; {limit_words(definition)}"
    so = "start it, too" if definition.feedback else "do not start it"
    yield f"loops: events that its own runs cause {so}; at most {definition.max_depth} deep"
    yield f"counts: {counts_words(subscription.counts, pending)}"


def _backfill(backfill: Backfill) -> Text:
    begun = f"backfill {backfill.number} up to revision {backfill.up_to}: "
    going = f"{backfill.live} live, {backfill.pending} pending"
    if backfill.ended_at is None:
        return Text(f"{begun}{going}, more versions to look at")
    left = f", {going}" if backfill.live or backfill.pending else ""
    return Text(f"{begun}has looked at all, {ago(backfill.ended_at)}{left}")


def _live(live: Sequence[str]) -> Iterator[Text]:
    if live:
        named = ", ".join(live[:_SHOWN_RUNS])
        more = f" and {len(live) - _SHOWN_RUNS} more" if len(live) > _SHOWN_RUNS else ""
        yield Text(f"live: {named}{more}")
