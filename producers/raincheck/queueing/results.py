"""What a pipeline function returned, materialized from the outputs of its steps."""

from raincheck.deployment import Deployment
from raincheck_contracts.errors import ReferenceNotFoundError
from raincheck_contracts.pipelines import DictInput, Input, ListInput, OutputInput, ValueInput
from raincheck_contracts.runs import Run, StepRun


def load_result(deployment: Deployment, run: Run) -> object:
    """Materialize the result of a run that has succeeded.

    Raises:
        StoreError: an output's bytes cannot be read.
        VersionDeletedError: an output was deleted over 24 hours ago.
    """
    spec = deployment.index.records.spec(run.id)
    if spec.result is None:
        return None
    steps = {step.step: step for step in run.steps}
    return _load(deployment, steps, spec.result)


def _load(deployment: Deployment, steps: dict[str, StepRun], node: Input) -> object:
    match node:
        case ValueInput():
            return node.value
        case ListInput():
            items = [_load(deployment, steps, item) for item in node.items]
            return tuple(items) if node.tuple_ else items
        case DictInput():
            return {key: _load(deployment, steps, item) for key, item in node.items.items()}
        case OutputInput():
            return _load_output(deployment, steps[node.step], node.output)
        case _:
            # The compiler refuses a pipeline that returns a reference.
            raise ReferenceNotFoundError((f"{node.reference} was never bound",))


def _load_output(deployment: Deployment, step: StepRun, output: str) -> object:
    name = step.outputs.get(output)
    if name is None:
        return None  # the step returned None for it
    artifact, _, version = name.partition("@")
    deletions = deployment.index.deletions
    found = deletions.held(artifact, version)
    if found is not None:
        return deployment.store.load(found.version.record, found.inline)
    deletions.check_there(artifact, version)
    raise ReferenceNotFoundError((f"there is no version {name}",))
