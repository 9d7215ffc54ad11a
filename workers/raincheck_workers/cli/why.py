"""`raincheck why`: what became of an event, what led to a run, how a subscription stands."""

import re
from collections.abc import Callable
from typing import Annotated, TypeAlias

import typer
from rich.console import RenderableType

from raincheck.deployment import Deployment, current_deployment
from raincheck.subscribing.causes import causes
from raincheck.subscribing.outcomes import about_a_version, concerns, kept_run
from raincheck.subscribing.standing import standing
from raincheck_contracts.errors import (
    ArgumentError,
    RunNotFoundError,
    SubscriptionNotFoundError,
)
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.causes_page import causes_page
from raincheck_workers.cli.rendering.event_page import event_page
from raincheck_workers.cli.rendering.standing_page import standing_page
from raincheck_workers.cli.run_choice import chosen_run

_WHY = "raincheck why"
#: As JSON, and for people.
_Answer: TypeAlias = tuple[object, RenderableType]
_EVENT_ID = re.compile(r"\d+-\d+")


def why(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="An event (7-1), a run, or a subscription; event:ID, run:ID and "
            "subscription:NAME say which.",
        ),
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Say what became of an event, which events led to a run, or how a subscription stands.

    `raincheck runs why` says what a run itself waits for.
    """
    deployment = current_deployment()
    kind, separator, name = subject.partition(":")
    if not separator or kind not in _EXPLAIN:
        kind, name = _kind(deployment, subject), subject
    document, page = _EXPLAIN[kind](deployment, name)
    if as_json:
        print_json(document)
    else:
        output().print(page)


def _kind(deployment: Deployment, subject: str) -> str:
    """What a name is by its form.

    Raises:
        ArgumentError: it may be several.
    """
    index = deployment.index
    found = {
        "event": _EVENT_ID.fullmatch(subject) is not None,
        "subscription": subject in index.subscriptions.names(),
        "run": kept_run(index, subject) is not None,
    }
    kinds = [kind for kind, so in found.items() if so]
    if len(kinds) > 1:
        written = " or ".join(f"{kind}:{subject}" for kind in kinds)
        problem = f"{subject!r} may be the {' or the '.join(kinds)} of that name"
        raise ArgumentError(_WHY, problem, f"Write {written}")
    return kinds[0] if kinds else "run"


def _event(deployment: Deployment, name: str) -> _Answer:
    index = deployment.index
    if _EVENT_ID.fullmatch(name) is None:
        raise ArgumentError(_WHY, f"{name!r} is no id of an event", "For example 7-1")
    index.events.position(name)  # refuses what is too old, or to come
    event = index.events.find([name]).get(name)
    if event is None:
        remedy = "raincheck events lists them"
        raise ArgumentError(_WHY, f"no event has the id {name}", remedy)
    version_event = about_a_version(event)
    found = [] if version_event is None else concerns(index, version_event)
    shown = event.model_dump(mode="json")
    document = {"event": shown, "subscriptions": [item.document() for item in found]}
    return document, event_page(event, found)


def _run(deployment: Deployment, name: str) -> _Answer:
    index = deployment.index
    try:
        run = chosen_run(deployment, name).run()
    except RunNotFoundError as error:
        missing = str(SubscriptionNotFoundError(name, tuple(index.subscriptions.names())))
        remedy = missing[0].upper() + missing[1:]
        raise ArgumentError(_WHY, f"no run begins with {name!r}", remedy) from error
    links = causes(index, run)
    return [link.document() for link in links], causes_page(links)


def _subscription(deployment: Deployment, name: str) -> _Answer:
    found = standing(deployment.index, name)
    return found.document(), standing_page(found)


_EXPLAIN: dict[str, Callable[[Deployment, str], _Answer]] = {
    "event": _event,
    "run": _run,
    "subscription": _subscription,
}
