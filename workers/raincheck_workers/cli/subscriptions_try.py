"""`raincheck subscriptions test`: whether a version would start a run, part by part."""

from typing import Annotated

import typer
from rich.text import Text

from raincheck.deployment import current_deployment
from raincheck.index import Index
from raincheck.subscribing.explaining import Candidate, explain, matching
from raincheck.subscribing.outcomes import triggering_artifacts
from raincheck.subscribing.standing import candidate_now
from raincheck_contracts.errors import ArgumentError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.subscriptions import AliasCondition, Match, Outcome, Subscription
from raincheck_workers.cli.artifact_choice import resolved_version
from raincheck_workers.cli.output import JsonOption, output, print_json
from raincheck_workers.cli.rendering.condition_tree import condition_tree
from raincheck_workers.cli.subscriptions_show import SubscriptionArgument

_TEST = "raincheck subscriptions test"


def try_version(
    name: SubscriptionArgument,
    reference: Annotated[
        str,
        typer.Argument(metavar="ARTIFACT@VERSION", help="Or a name alone, for its newest version."),
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Say whether a version satisfies a subscription's condition now; changes nothing.

    Each part with what the version has there, whether it has matched already, and what its
    run would be called.
    """
    deployment = current_deployment()
    index = deployment.index
    subscription = index.subscriptions.read(name)
    parsed = parse_reference(reference)
    artifacts = triggering_artifacts(subscription)
    if parsed.artifact not in artifacts or parsed.pointer is not None:
        problem = f"no condition of {name} is about {reference!r}"
        raise ArgumentError(_TEST, problem, f"It is about {', '.join(artifacts)}")
    version = resolved_version(deployment, parsed)
    candidate = candidate_now(index, version)
    tree = explain(subscription.definition, candidate)
    match = index.subscriptions.match(name, version.artifact, version.version)
    run = _run(index, subscription, candidate)
    if as_json:
        print_json(
            {
                "subscription": name,
                "version": f"{version.artifact}@{version.version}",
                "condition": tree.document(),
                "satisfied": matching(subscription.definition, candidate) is not None,
                "match": None if match is None else match.model_dump(mode="json"),
                "run": run,
            }
        )
        return
    output().print(Text(f"{version.artifact}@{version.version} for subscription {name}"))
    output().print(condition_tree(tree, 1))
    output().print(Text(_verdict(subscription, candidate, match)))
    if match is None:
        output().print(Text(f"its run would be called {run}"))


def _verdict(subscription: Subscription, candidate: Candidate, match: Match | None) -> str:
    if match is not None:
        became = f"run {match.run}" if match.outcome is Outcome.STARTED else str(match.outcome)
        return f"it has matched already: {became}; a version matches once"
    condition = matching(subscription.definition, candidate)
    if condition is None:
        return "it has not matched, and would not now"
    if isinstance(condition, AliasCondition):
        return f"a move of the alias {condition.alias} to it would match, each time"
    return "it has not matched, and would at its next event"


def _run(index: Index, subscription: Subscription, candidate: Candidate) -> str:
    """What a run of the version alone would be called, as `21_groups.lua` does."""
    definition = subscription.definition
    prefix = f"{definition.name}+{index.matches.lane(definition.name).generation}+"
    condition = matching(definition, candidate)
    of_version = not isinstance(condition, AliasCondition)
    if len(definition.all_of) == 1 and definition.group.by == "each" and of_version:
        return f"{prefix}{candidate.version.artifact}@{candidate.version.version}"
    return f"{prefix}<id of its last event>"
