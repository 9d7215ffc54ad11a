"""Words about a subscription."""

from rich.text import Text

from raincheck_contracts.subscriptions import (
    Grouping,
    Subscription,
    SubscriptionCounts,
    SubscriptionDefinition,
    SubscriptionState,
)
from raincheck_workers.cli.rendering.words import span

_STYLES = {
    SubscriptionState.ACTIVE: "green",
    SubscriptionState.PAUSED: "yellow",
    SubscriptionState.LAGGED: "red",
}
_FULL = {
    "queue": "others wait",
    "replace": "the oldest is cancelled for a new one",
    "skip": "what comes meanwhile is skipped",
}


def subscription_state(subscription: Subscription) -> Text:
    """The word for its state; `behind` when there are events to look at."""
    state = subscription.state
    text = Text(str(state), style=_STYLES[state])
    behind = subscription.behind and state is not SubscriptionState.LAGGED
    return text.append(", behind", style="yellow") if behind else text


def group_words(group: Grouping) -> str:
    """How matches are grouped: `each`, `batch of 60 s, at most 256`, `newest`."""
    if group.by != "batch":
        return group.by
    return f"batch of {span(group.window)}, at most {group.max}"


def limit_words(definition: SubscriptionDefinition) -> str:
    """How many runs live at once, and what becomes of others."""
    if not definition.limit:
        return "any number of runs at once"
    runs = "run" if definition.limit == 1 else "runs"
    return f"{definition.limit} {runs} at once, {_FULL[definition.when_full]}"


def counts_words(counts: SubscriptionCounts, pending: int) -> str:
    """What became of all matches; those in runs are what is left of them.

    Args:
        counts: of the subscription.
        pending: matches that are in no run yet, those of backfills too.
    """
    away = {
        "superseded": counts.superseded,
        "skipped": counts.skipped,
        "own": counts.own,
        "too deep": counts.deep,
        "quiet": counts.quiet,
        "deleted": counts.deleted,
        "pending": pending,
    }
    handed = counts.matched - sum(away.values())
    parts = [f"{handed} in {counts.started} run{'' if counts.started == 1 else 's'}"]
    parts += [f"{count} {word}" for word, count in away.items() if count]
    line = f"{counts.matched} matched = {' + '.join(parts)}"
    if counts.replaced:
        line += f"; {counts.replaced} runs were replaced by later ones"
    return line
