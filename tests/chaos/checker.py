"""Compares what clients were told with what the index holds."""

from collections import Counter
from collections.abc import Iterable, Iterator

from raincheck import Deployment, RunHandle, RunStatus
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import RunNotFoundError
from raincheck_contracts.runs import Run, StepRun, StepState
from tests.chaos.history import History
from tests.chaos.verdict import Verdict
from tests.support.waiting import wait_until


def drained(deployment: Deployment, seconds: float) -> bool:
    """Wait until no run is live any more; whether that came true in time."""
    records = deployment.index.records
    try:
        wait_until(lambda: not records.run_ids(1, live_only=True), seconds)
    except AssertionError:
        return False
    return True


def check(
    history: History, deployment: Deployment, verdict: Verdict, *, processes_die: bool = False
) -> Verdict:
    """Fill in what was lost, doubled or strange.

    Args:
        history: what clients were told.
        deployment: whose index is looked at.
        verdict: with scenario, seed and faults.
        processes_die: whether processes are killed one by one, so that three deaths may meet
            one step; else only ten silences are a reason to give a run up.

    Returns:
        The same verdict.
    """
    runs = _read_runs(history, deployment)
    verdict.operations = len(runs) + len(history.of("publication"))
    verdict.steps = sum(len(run.steps) for run in runs.values() if run is not None)
    for operation in history.of("run"):
        found = runs[operation.name]
        if found is not None and _given_up(found, processes=processes_die):
            verdict.given_up.append(operation.name)
        else:
            verdict.lost += _lost(deployment, operation.name, operation.number, found)
    for name in deployment.index.records.artifact_names():
        versions = list(deployment.index.records.versions(name))
        _check_artifact(history, name, versions, verdict)
    verdict.strange += _bound_apart(run for run in runs.values() if run is not None)
    connection = deployment.index.connection
    asked = ("HGET", f"{connection.prefix}index", "resent")
    verdict.resent = int(connection.ask([asked])[0] or 0)
    return verdict


def _read_runs(history: History, deployment: Deployment) -> dict[str, Run | None]:
    runs: dict[str, Run | None] = {}
    for operation in history.of("run"):
        try:
            runs[operation.name] = deployment.index.records.run(operation.name)
        except RunNotFoundError:
            runs[operation.name] = None
    return runs


def _given_up(run: Run, *, processes: bool) -> bool:
    """Whether a run ended as is promised for a step that met ten silences, or three deaths."""
    failed = [step for step in run.steps if step.state is StepState.FAILED]
    return bool(failed) and all(_lost_often(step, processes=processes) for step in failed)


def _lost_often(step: StepRun, *, processes: bool) -> bool:
    silences = sum(loss.why == "the worker fell silent" for loss in step.losses)
    deaths = len(step.losses) - silences
    return (silences, deaths) == (10, 0) or (processes and (silences == 10 or deaths == 3))


def _ends(run: Run) -> Iterator[str]:
    """How each step of a run stands that has not succeeded, and how its attempts were lost."""
    for step in run.steps:
        if step.state is not StepState.SUCCEEDED:
            yield ", ".join(
                [f"{step.step} is {step.state} {step.reason or ''}", *map(str, step.losses)]
            )


def _lost(deployment: Deployment, run: str, number: int, found: Run | None) -> list[str]:
    if found is None:
        return [f"{run} is unknown"]
    if found.status is not RunStatus.SUCCEEDED:
        return [f"{run} is {found.status}: {'; '.join(_ends(found))}"]
    value = RunHandle(run, deployment).get(timeout=0)
    return [] if value == number else [f"{run} gave {value!r}, not {number}"]


def _check_artifact(
    history: History, name: str, versions: list[ArtifactVersion], verdict: Verdict
) -> None:
    """Versions of steps: one each, of known runs; those made by hand: all, and no others."""
    records = [item.record for item in versions]
    made = Counter(f"{item.run}/{item.step}/{item.output}" for item in records if item.run)
    verdict.duplicated += [f"{name}: {key} x {count}" for key, count in made.items() if count > 1]
    sequences = sorted(item.sequence for item in versions)
    if sequences != list(range(1, len(versions) + 1)):
        verdict.strange.append(f"{name}: its order has gaps")
    refused = bool(history.of("refused"))  # its run or version may be there nevertheless
    accepted = {item.name for item in history.of("run")}
    unknown = {item.run for item in records if item.run} - accepted
    if unknown and not refused:
        verdict.strange.append(f"{name}: by runs that nobody has enqueued: {sorted(unknown)}")
    by_hand = {f"{name}@{item.version}" for item in versions if not item.record.run}
    told = {item.name for item in history.of("publication") if item.name.startswith(f"{name}@")}
    verdict.lost += sorted(told - by_hand)
    if not refused:
        verdict.strange += sorted(by_hand - told)


def _bound_apart(runs: Iterable[Run]) -> list[str]:
    """Steps whose references were not all resolved at one revision."""
    return [
        f"{run.id}/{step.step} is bound at several revisions"
        for run in runs
        for step in run.steps
        if len({binding.revision for binding in step.bindings.values()}) > 1
    ]
