"""Deployments on a real server, and real Celery workers as processes of their own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raincheck import Deployment, RunHandle, Settings
from raincheck.index.connection import text
from raincheck_contracts.runs import StepRun
from tests.support.servers import fresh_namespace
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
#: The module of the pipelines that the workers of tests import.
PIPELINES = "tests.functional.pipelines"
#: Seconds for a worker to import, to fork and to register, on a busy machine.
START_TIME = 30.0


@dataclass
class Worker:
    """A running `celery -A ... worker`."""

    process: "subprocess.Popen[bytes]"
    log_file: Path

    @property
    def pid(self) -> int:
        """Of the main process."""
        return self.process.pid

    @property
    def log(self) -> str:
        """What it and its children have written."""
        return self.log_file.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the main process."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()


@dataclass
class Fleet:
    """A deployment and its workers."""

    deployment: Deployment
    folder: Path
    """Of the settings' home, and for whatever a test leaves beside."""
    workers: list[Worker] = field(default_factory=list[Worker])

    def start(
        self,
        *options: str,
        pool: str = "prefork",
        concurrency: int = 2,
        app: str = "raincheck_workers",
        imports: Sequence[str] = (PIPELINES,),
        environment: Mapping[str, str] | None = None,
    ) -> Worker:
        """Start a worker and wait until the index knows its node.

        Args:
            options: more of Celery's.
            pool: `prefork`, `threads` or `solo`.
            concurrency: steps at once.
            app: the module of the application.
            imports: modules of pipelines.
            environment: more variables.
        """
        worker = self.launch(
            *options,
            pool=pool,
            concurrency=concurrency,
            app=app,
            imports=imports,
            environment=environment,
        )
        wait_until(lambda: self.node_of(worker) is not None, START_TIME)
        return worker

    def launch(
        self,
        *options: str,
        pool: str = "prefork",
        concurrency: int = 2,
        app: str = "raincheck_workers",
        imports: Sequence[str] = (PIPELINES,),
        environment: Mapping[str, str] | None = None,
    ) -> Worker:
        """Start a worker and return at once."""
        log_file = self.folder / f"worker{len(self.workers)}.log"
        command = [sys.executable, "-m", "celery", "-A", app, "worker"]
        command += ["--pool", pool, "--concurrency", str(concurrency), "--loglevel", "INFO"]
        command += ["--hostname", f"w{len(self.workers)}@%h", "--without-gossip"]
        command += ["--without-mingle", *options]
        if imports:
            command += ["-I", ",".join(imports)]  # of several -I Celery takes the last
        with log_file.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        worker = Worker(process, log_file)
        self.workers.append(worker)
        return worker

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process that uses this deployment."""
        inherited = dict(os.environ)  # noqa: TID251 - to hand it on, not to read a setting
        settings = self.deployment.settings
        ours = {
            "RAINCHECK_HOME": str(settings.home),
            "RAINCHECK_URL": settings.url or "",
            "RAINCHECK_BROKER_URL": settings.broker_url or "",
            "RAINCHECK_NAMESPACE": settings.namespace,
            "RAINCHECK_LEASE": str(settings.lease),
        }
        kept = {name: value for name, value in inherited.items() if name[:10] != "RAINCHECK_"}
        return {**kept, **ours, **more}

    def node_of(self, worker: Worker) -> str | None:
        """The node of a worker in the index, or None."""
        assert worker.process.poll() is None, worker.log
        nodes = self.deployment.index.records.nodes()
        return next((node for node in nodes if f"-{worker.pid}-" in node), None)

    def pass_ticks(self, count: int = 25) -> None:
        """Let the index's time pass at once; workers of tests have a long lease."""
        index = self.deployment.index
        key = f"{index.connection.prefix}index"
        index.connection.ask([("HINCRBY", key, "tick", count)])

    def stop(self) -> None:
        """Kill all workers: nothing of the deployment is wanted any more."""
        for worker in self.workers:
            worker.kill()


@contextmanager
def running_fleet(url: str | None, **settings: Any) -> Generator[Fleet]:
    """A deployment on a server or its own embedded one, with no workers yet.

    Args:
        url: of the server; None is the embedded one of the deployment's own folder.
        settings: more of `Settings`.
    """
    # The path is short, for that of the embedded server's socket is derived from it.
    folder = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    fields: dict[str, Any] = {"lease": 600.0, "namespace": fresh_namespace(), **settings}
    deployment = Deployment(Settings(home=folder / "home", url=url, **fields))
    fleet = Fleet(deployment, folder)
    try:
        yield fleet
    finally:
        fleet.stop()
        deployment.hints.app.close()
        deployment.index.connection.close()
        shutil.rmtree(folder, ignore_errors=True)


def step_run(handle: RunHandle, step: str) -> StepRun:
    """The record of a step."""
    return next(item for item in handle.run().steps if item.step == step)


def step_field(handle: RunHandle, step: str, name: str) -> str:
    """A raw field of a step's record that no contract shows; empty when it is not there."""
    stored = handle.deployment.index.records.stored_run(handle.id)
    return text(stored.steps[step].get(name))


def lines(path: Path) -> list[str]:
    """What steps have noted in a file."""
    return path.read_text().splitlines() if path.exists() else []
