"""All checks, in the order in which a person repairs things."""

from collections.abc import Callable, Iterator

from raincheck.deployment import Deployment, current_deployment
from raincheck_contracts.errors import (
    EmbeddedServerError,
    IndexAccessError,
    SettingsError,
)
from raincheck_workers.cli.checkup.bad_messages import message_checks
from raincheck_workers.cli.checkup.blobs import blob_checks
from raincheck_workers.cli.checkup.broker import broker_checks
from raincheck_workers.cli.checkup.local import local_checks
from raincheck_workers.cli.checkup.runs import run_checks
from raincheck_workers.cli.checkup.subscriptions import subscription_checks
from raincheck_workers.cli.checkup.workers import worker_checks
from raincheck_workers.fitness.check import Check, Verdict, problem
from raincheck_workers.fitness.server import server_checks


def check_everything() -> Iterator[Check]:
    """Look at the deployment of this process; what is away is itself a finding."""
    try:
        deployment = current_deployment()
    except SettingsError as error:
        yield problem("settings", error.problem, f"Correct {error.setting}")
        return
    yield from local_checks(deployment.settings)
    yield from blob_checks(deployment.settings)
    server = list(_guarded(lambda: _server(deployment)))
    yield from server
    if any(check.verdict is Verdict.PROBLEM and check.name in _NEEDED for check in server):
        return  # the rest asks the index
    broker = list(broker_checks(deployment))
    yield from broker
    answers = all(check.verdict is not Verdict.PROBLEM for check in broker)
    yield from _guarded(lambda: worker_checks(deployment, broker_answers=answers))
    yield from _guarded(lambda: run_checks(deployment))
    yield from _guarded(lambda: subscription_checks(deployment))
    yield from _guarded(lambda: message_checks(deployment))


_NEEDED = {"index", "version", "library", "role"}


def _server(deployment: Deployment) -> Iterator[Check]:
    yield from server_checks(deployment.index.connection, deployment.settings)


def _guarded(checks: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from checks()
    except (IndexAccessError, EmbeddedServerError) as error:
        remedy = getattr(error, "remedy", "") or "See its log"
        yield problem("index", str(error).removesuffix(f". {remedy}"), remedy)
