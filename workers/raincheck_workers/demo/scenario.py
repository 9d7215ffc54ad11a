"""The demo's scenario: queue the consumer, train its models, watch it wake and run."""

import importlib
import logging
from collections.abc import Generator
from contextlib import contextmanager
from itertools import product
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from raincheck.authoring.pipeline import Pipeline
from raincheck.deployment import Deployment
from raincheck.messaging.descriptions import describe_input
from raincheck.queueing.run_handle import RunHandle
from raincheck_contracts.artifacts import ArtifactVersion, Binding
from raincheck_contracts.pipelines import StepSpec
from raincheck_contracts.runs import StepRun, StepState
from raincheck_workers.cli.rendering.bindings import bindings_table
from raincheck_workers.cli.rendering.words import span, value
from raincheck_workers.demo.worker_process import WorkerProcess

#: The demo's pipelines, importable wherever Raincheck is installed.
MODULE = "raincheck_workers.demo.forecasting"

_ALPHAS = (0.01, 0.03, 0.1, 0.3, 1.0)
_SEEDS = range(9)
_TRAINED = "trained_model"
_SHOWN = 5  # predictions
_TIMEOUT = 60.0  # seconds for the consumer to end once its models exist
_INDENT = (0, 0, 0, 3)


class Scenario:
    """One performance of the demo.

    Args:
        console: where it is told.
        deployment: a fresh one.
        worker: starting or running.
    """

    def __init__(self, console: Console, deployment: Deployment, worker: WorkerProcess) -> None:
        self._console = console
        self._deployment = deployment
        self._worker = worker

    def play(self) -> None:
        """Tell the whole of it.

        Raises:
            WorkerProcessError: the worker ended or does nothing.
            RunError: a run failed.
            TimeoutError: the consumer does not end.
        """
        self._console.print(
            Text("Raincheck: a pipeline is queued today and runs when its models exist.")
        )
        with self._console.status("starting a server"):
            pipelines = importlib.import_module(MODULE)
            consumer = self._queue_consumer(pipelines.do_predictions)
        with self._console.status("a worker is starting"):
            self._wait_for_parking(consumer)
        self._train(pipelines.train, consumer)
        self._show_bindings(consumer)
        self._show_predictions(consumer)

    def _queue_consumer(self, do_predictions: Pipeline[..., Any]) -> RunHandle:
        with _quiet("raincheck.queueing.enqueue"):  # it would warn of what the next part shows
            handle = do_predictions.delay()
        self._head(1, "Queue the consumer; nobody has trained a model yet.")
        self._say(f"do_predictions.delay()  ->  run {handle.id}")
        for parameter, node in self._spec(handle).inputs.items():
            self._say(f"  {parameter:<14}= {describe_input(node)}")
        return handle

    def _wait_for_parking(self, consumer: RunHandle) -> None:
        self._worker.wait_until(
            lambda: self._predict(consumer).state is StepState.WAITING, "predict was waiting"
        )
        self._head(2, "A worker has run load_data; predict is WAITING and holds no worker slot:")
        for missing in self._predict(consumer).missing:
            self._say(str(missing))

    def _train(self, train: Pipeline[..., Any], consumer: RunHandle) -> None:
        settings = list(product(_SEEDS, _ALPHAS))
        self._head(3, f"Queue train {len(settings)} times, with other settings each time.")
        with self._progress() as progress:
            bar = progress.add_task("", total=len(settings), mse="", state="")
            for seed, alpha in settings:
                train.delay(alpha=alpha, seed=seed)
                self._update(progress, bar, consumer)
            self._worker.wait_until(
                lambda: self._update(progress, bar, consumer) >= len(settings),
                f"{len(settings)} models were trained",
            )
            consumer.wait(_TIMEOUT)
            self._update(progress, bar, consumer)
        awaited = self._version("42")
        started = self._predict(consumer).started_at
        if awaited is not None and started is not None:
            passed = span((started - awaited.published_at) / 1000)
            self._say(f"{_TRAINED}@42 was published: predict woke and started {passed} later.")

    def _update(self, progress: Progress, bar: Any, consumer: RunHandle) -> int:
        """Bring the progress bar up to date; the number of versions."""
        records = self._deployment.index.records
        count = records.version_count(_TRAINED)
        newest = next(records.versions(_TRAINED, 1), None)
        mse = "" if newest is None else f"MSE {newest.metadata['MSE']:.0f}"
        state = f"predict {self._predict(consumer).state}"
        progress.update(bar, completed=count, mse=mse, state=state)
        return count

    def _show_bindings(self, consumer: RunHandle) -> None:
        predict = self._predict(consumer)
        self._head(4, f"What predict was given: one atomic read, at revision {predict.revision}.")
        table = bindings_table(self._spec(consumer), predict)
        self._console.print(Padding(table, _INDENT, expand=False))

    def _show_predictions(self, consumer: RunHandle) -> None:
        predictions: Any = consumer.get(_TIMEOUT)  # a Series; pandas is dear to import above
        self._head(5, f"It predicted, for {_SHOWN} of {len(predictions)} patients:")
        for patient, predicted in predictions.head(_SHOWN).items():
            self._say(f"{patient}  {predicted:6.1f}")
        self._say(_verdict(self._predict(consumer)))

    def _spec(self, consumer: RunHandle) -> StepSpec:
        steps = self._deployment.index.records.spec(consumer.id).steps
        return next(step for step in steps if step.name == "predict")

    def _predict(self, consumer: RunHandle) -> StepRun:
        return next(step for step in consumer.run().steps if step.step == "predict")

    def _version(self, version: str) -> ArtifactVersion | None:
        return self._deployment.index.records.version(_TRAINED, version)

    def _progress(self) -> Progress:
        columns = (
            TextColumn("  "),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("versions  {task.fields[mse]}  {task.fields[state]}"),
        )
        return Progress(*columns, console=self._console)

    def _head(self, number: int, text: str) -> None:
        self._console.print(Text(f"\n{number}  {text}", style="bold"))

    def _say(self, text: str) -> None:
        self._console.print(Padding(Text(text), _INDENT, expand=False))


def _verdict(predict: StepRun) -> str:
    """Which of the two models was better."""
    bound = [predict.bindings[f"{_TRAINED}{name}#/MSE"] for name in ("@42", ":latest")]
    better, other = sorted(bound, key=_error)
    if better.version == other.version:
        return f"Both references became version {better.version}."
    return (
        f"Version {better.version} was the better model: MSE {value(better.value)}, "
        f"against {value(other.value)} of version {other.version}."
    )


def _error(binding: Binding) -> float:
    assert isinstance(binding.value, float)  # noqa: S101
    return binding.value


@contextmanager
def _quiet(logger: str) -> Generator[None]:
    log = logging.getLogger(logger)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
