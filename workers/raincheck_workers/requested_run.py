"""Run requests: compiling and submitting for those who cannot."""

from raincheck.authoring.registry import find_pipeline
from raincheck.deployment import Deployment, use_deployment
from raincheck.queueing.enqueue import EnqueueOptions, enqueue
from raincheck_contracts.errors import ParameterError
from raincheck_contracts.messages import RunRequest


def check_namespace(deployment: Deployment, pipeline: str, namespace: str) -> None:
    """Refuse a message for another namespace: only its own workers know its runs.

    Args:
        deployment: of this worker.
        pipeline: that the message is about.
        namespace: that it is for.

    Raises:
        ParameterError: it is not this worker's.
    """
    ours = deployment.settings.namespace
    if namespace != ours:
        problem = (
            f"a message for namespace {namespace!r} came to a worker of {ours!r}. "
            "Give each namespace a broker or a queue of its own"
        )
        raise ParameterError(pipeline, problem)


def submit_request(deployment: Deployment, request: RunRequest, message_id: str) -> str:
    """Queue the pipeline that a request names.

    Args:
        deployment: where to.
        request: the message.
        message_id: makes a repeated delivery start no second run.

    Returns:
        The run's id.

    Raises:
        ParameterError: this worker has not imported the pipeline, the namespace is not
            its own, or the parameters are wrong.
    """
    check_namespace(deployment, request.pipeline, request.namespace)
    pipeline = find_pipeline(request.pipeline)
    if pipeline is None:
        problem = "no such pipeline in the modules that this worker imports"
        raise ParameterError(request.pipeline, problem)
    options = EnqueueOptions(idempotency_key=request.idempotency_key or message_id or None)
    with use_deployment(deployment):
        return enqueue(pipeline, (), request.parameters, options).id
