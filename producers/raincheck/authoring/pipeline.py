"""Pipelines: compositions of steps, compiled when they are queued."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

from typing_extensions import Unpack, override

from raincheck.authoring.compiler import (
    Bind,
    CompiledPipeline,
    OnFailure,
    PipelineDefinition,
    compile_pipeline,
)
from raincheck.authoring.compiling import active_recorder
from raincheck.authoring.external import ExternalStore, name_external
from raincheck.authoring.function_path import function_path
from raincheck.authoring.models import Model
from raincheck.authoring.parameters import ParameterPort
from raincheck.authoring.pipeline_options import check_pipeline_options
from raincheck.authoring.pipeline_parameters import read_parameters
from raincheck.authoring.registry import register_pipeline
from raincheck.authoring.signature import FunctionSignature
from raincheck.authoring.step_options import checked_name
from raincheck.authoring.triggers import SubscriptionOptions, check_options
from raincheck_contracts.errors import CompileError, DefinitionError

if TYPE_CHECKING:
    from raincheck.queueing.run_handle import RunHandle

P = ParamSpec("P")
R = TypeVar("R")


class Pipeline(Generic[P, R]):
    """A composition of steps.

    Its function runs whenever it is compiled, in the process that queues it. It calls
    steps and hands their outputs on; it computes nothing itself.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        bind: Bind | None = None,
        on_failure: OnFailure = "continue",
        model: Model | None = None,
        subscribing: SubscriptionOptions | None = None,
    ) -> None:
        """Make a pipeline of a function; authors write `@pipeline`, which says what they mean.

        Args:
            function: a plain function that calls steps.
            name: the pipeline's name; None is the function's.
            bind: when references are bound.
            on_failure: what becomes of the other steps.
            model: to which its runs link what they publish.
            subscribing: which events start it when it is deployed.

        Raises:
            DefinitionError: when the function, the name or an option cannot be used.
        """
        self.signature = FunctionSignature(function)
        functools.update_wrapper(self, function)
        self.function = function
        self.name = checked_name(function.__name__, name)
        check_pipeline_options(self.name, bind=bind, on_failure=on_failure, model=model)
        self.bind: Bind | None = bind
        self.on_failure: OnFailure = on_failure
        self.model = model
        self.subscribing: SubscriptionOptions = subscribing or {}
        check_options(self.name, self.subscribing)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the pipeline here and now, against the same store as a worker's.

        Returns:
            What the pipeline function returned, materialized.

        Raises:
            ParameterError: when it does not take these parameters.
            CompileError: when it cannot be compiled, or is called inside a pipeline.
            RunError: when a step failed.
        """
        self._refuse_nesting()
        from raincheck.queueing.enqueue import run_inline  # noqa: PLC0415 - it imports this module

        return cast("R", run_inline(self, args, kwargs))

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> "RunHandle":
        """Queue the pipeline with these parameters and return at once.

        Returns:
            The handle of the run, which has been accepted.

        Raises:
            ParameterError: when it does not take these parameters.
            CompileError: when it cannot be compiled, or is called inside a pipeline.
            IndexUnavailableError: when the run could not be accepted.
        """
        return self.apply_async(args, kwargs)

    def apply_async(  # noqa: PLR0913 - the arguments of Celery's method of this name
        self,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
        *,
        queue: str | None = None,
        priority: int | None = None,
        countdown: float | None = None,
        eta: datetime | None = None,
        expires: float | datetime | None = None,
        idempotency_key: str | None = None,
        cache: bool = True,
    ) -> "RunHandle":
        """Queue the pipeline, as Celery's method of this name.

        Args:
            args: positional parameters.
            kwargs: parameters by name.
            queue: the Celery queue of the steps that name none.
            priority: of their messages, 0 to 9.
            countdown: seconds before the first step may start.
            eta: the moment before which it may not; not together with `countdown`.
            expires: seconds, or the moment, after which a run that has not started is
                given up.
            idempotency_key: calls with the same key start one run.
            cache: whether steps with `cache=` may take their outputs from the cache. With
                False all compute, and what they make is not kept for others.

        Returns:
            The handle of the run, which has been accepted.

        Raises:
            ParameterError: when the pipeline does not take these parameters.
            CompileError: when it cannot be compiled, or is called inside a pipeline.
            IdempotencyConflictError: when the key belongs to a run with others.
            IndexUnavailableError: when the run could not be accepted.
        """
        self._refuse_nesting()
        from raincheck.queueing.enqueue import EnqueueOptions, enqueue  # noqa: PLC0415 - they import this

        options = EnqueueOptions(
            queue=queue,
            priority=priority,
            countdown=countdown,
            eta=eta,
            expires=expires,
            idempotency_key=idempotency_key,
            cache=cache,
        )
        return enqueue(self, tuple(args), kwargs or {}, options)

    def compile(self, *args: P.args, **kwargs: P.kwargs) -> CompiledPipeline:
        """Compile the pipeline with these parameters; nothing is queued or stored.

        Returns:
            The specification and the parameters; equal calls give equal results.

        Raises:
            ParameterError: when it does not take these parameters.
            CompileError: when it breaks a rule; says which, where and what to do.
            DefinitionError: when a worker could not import it or one of its steps.
            MessageTooLargeError: when a step or the whole is too many bytes.
        """
        return self.compile_with(name_external, args, kwargs)

    def compile_with(
        self, store: ExternalStore, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> CompiledPipeline:
        """Compile the pipeline and hand each external artifact to `store`.

        Args:
            store: called once for each `ExternalArtifact` handed to a step.
            args: positional parameters.
            kwargs: parameters by name.

        Returns:
            The specification and the parameters.

        Raises:
            ParameterError, CompileError, DefinitionError, MessageTooLargeError: as `compile`.
        """
        self._refuse_nesting()
        parameters = read_parameters(self.name, self.parameters, args, kwargs)
        options = (self.bind, self.on_failure, self.model)
        definition = PipelineDefinition(self.name, self.function_path, *options)
        function = partial(cast("Callable[..., object]", self.function), **parameters.values)
        return CompiledPipeline(compile_pipeline(definition, function, store), parameters.recorded)

    @cached_property
    def function_path(self) -> str:
        """`module:qualname`, by which a worker finds the pipeline.

        Raises:
            DefinitionError: when no other process could import the function.
        """
        return function_path(self.function)

    @property
    def parameters(self) -> tuple[ParameterPort, ...]:
        """The parameters in order.

        Raises:
            DefinitionError: when an annotation cannot be resolved.
        """
        return self.signature.parameters

    @override
    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"

    def _refuse_nesting(self) -> None:
        recorder = active_recorder()
        if recorder is not None:
            problem = f"it calls pipeline {self.name!r}, and pipelines do not nest"
            remedy = "Call its steps, or .delay() it from a step"
            raise CompileError(recorder.pipeline, "", "", problem, remedy)


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...


@overload
def pipeline(
    *,
    name: str | None = None,
    bind: Bind | None = None,
    on_failure: OnFailure = "continue",
    model: Model | None = None,
    **subscribing: Unpack[SubscriptionOptions],
) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...


def pipeline(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    bind: Bind | None = None,
    on_failure: OnFailure = "continue",
    model: Model | None = None,
    **subscribing: Unpack[SubscriptionOptions],
) -> Any:
    """Make a pipeline of a function: `@pipeline` or `@pipeline(bind="run")`.

    Args:
        function: given by `@pipeline` without brackets.
        name: the pipeline's name; None is the function's.
        bind: `"step"` binds each step's references when that step starts, as late as
            possible; `"run"` binds all of a run's references at its first step. None is
            `"step"`, and refuses a pipeline for which it makes a difference.
        on_failure: what becomes of the steps that do not need one that failed. With
            `"continue"` they run; with `"stop"` none of them starts any more, and those that
            run come to their end. What needs a failed step is skipped in any case.
        model: a `Model`, to one version of which each run links all that it publishes.
        subscribing: which events start it once it is deployed. `triggers`: a list of
            `published(...)`, `tagged(...)`, `metadata_logged(...)`, `alias_moved(...)` of
            which any is enough, or one `all_of(...)`. `requires`: references that must be
            there besides. `group`: `each()`, `batch(...)` or `newest()`. `limit`: runs that
            live at once. `when_full`: `"queue"`, `"replace"` or `"skip"`. `feedback`: whether
            events of its own runs start it, too. `max_depth`: triggers in a row, 8.

    Returns:
        The `Pipeline`, or a decorator that makes one.

    Raises:
        DefinitionError: when the function, the name or an option cannot be used.
    """

    def decorate(function: Callable[..., Any]) -> Pipeline[..., Any]:
        made = Pipeline(
            function,
            name=name,
            bind=bind,
            on_failure=on_failure,
            model=model,
            subscribing=subscribing,
        )
        _register(made)
        return made

    return decorate if function is None else decorate(function)


def _register(made: Pipeline[..., Any]) -> None:
    try:
        path = made.function_path
    except DefinitionError:
        # It can still be looked at; compiling it raises this.
        return
    register_pipeline(path, made)
