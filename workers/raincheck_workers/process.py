"""The executor of one worker process, made at its first step: after the fork."""

import os
from functools import lru_cache

from celery import Celery

from raincheck.deployment import current_deployment
from raincheck.messaging.hints import HintSender
from raincheck_workers.execution.executor import Executor, Place
from raincheck_workers.lifecycle import node_identity


def process_executor(app: Celery) -> Executor:
    """The executor of this process; connections are opened after the fork, never before."""
    return _executor(app, os.getpid())


@lru_cache(maxsize=1)
def _executor(app: Celery, pid: int) -> Executor:
    deployment = current_deployment()
    hints = HintSender(app, deployment.settings.namespace)
    return Executor(deployment, hints, Place(node_identity().current, pid))
