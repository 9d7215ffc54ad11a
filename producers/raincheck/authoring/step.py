"""Steps: functions that a worker runs."""

import functools
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from typing_extensions import override

from raincheck.authoring.compiling import active_recorder
from raincheck.authoring.function_path import function_path
from raincheck.authoring.outputs import Outputs
from raincheck.authoring.parameters import ParameterPort
from raincheck.authoring.registry import register_step
from raincheck.authoring.signature import FunctionSignature
from raincheck.authoring.step_options import StepOptions, checked_name
from raincheck.durations import Duration
from raincheck_contracts.errors import DefinitionError

P = ParamSpec("P")
R = TypeVar("R")


class Step(Generic[P, R]):
    """A function that a worker runs; called like the function it was made of.

    Inside a pipeline function that is being compiled, a call is recorded and returns
    handles. Anywhere else (a test, another step) it runs the function then and there.
    """

    def __init__(
        self, function: Callable[P, R], *, name: str | None = None, options: StepOptions
    ) -> None:
        """Make a step of a function; authors write `@step`.

        Args:
            function: a plain function.
            name: the step's name within a run; None is the function's.
            options: how it is run.

        Raises:
            DefinitionError: when function, name or options cannot be used.
        """
        self.signature = FunctionSignature(function)
        functools.update_wrapper(self, function)
        self.function = function
        self.name = checked_name(function.__name__, name)
        self.options = options
        options.check(self.name)
        self.signature.check_contracts()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Record the call while a pipeline is compiled, else run the function.

        Raises:
            CompileError: while compiling, when the call cannot be compiled.
        """
        return self._call(args, kwargs, ())

    def after(self, *handles: object) -> Callable[P, R]:
        """This step, ordered after others whose outputs it does not take.

        Args:
            handles: what the calls of the earlier steps returned.

        Returns:
            What to call with the step's own arguments: `predict.after(warmed)(data=data)`.
        """

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return self._call(args, kwargs, handles)

        return call

    @cached_property
    def function_path(self) -> str:
        """`module:qualname`, by which a worker finds the step.

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

    @property
    def outputs(self) -> Outputs:
        """The outputs in order.

        Raises:
            DefinitionError: when the return annotation cannot be resolved or used.
        """
        return self.signature.outputs

    @override
    def __repr__(self) -> str:
        return f"<step {self.name}>"

    def _call(
        self, args: tuple[object, ...], kwargs: dict[str, object], after: tuple[object, ...]
    ) -> R:
        recorder = active_recorder()
        if recorder is None:
            return cast("Callable[..., R]", self.function)(*args, **kwargs)
        # The handle stands for an R from here to the parameter that receives it.
        return cast("R", recorder.record(self, args, kwargs, after))


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...


@overload
def step(
    *,
    name: str | None = None,
    retries: int = 0,
    retry_delay: float = 0.0,
    retry_backoff: float = 1.0,
    timeout: float | None = None,
    queue: str | None = None,
    cache: bool | Duration = False,
    cache_key: str | None = None,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...


def step(  # noqa: PLR0913 - the options of a step
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    retries: int = 0,
    retry_delay: float = 0.0,
    retry_backoff: float = 1.0,
    timeout: float | None = None,
    queue: str | None = None,
    cache: bool | Duration = False,
    cache_key: str | None = None,
) -> Any:
    """Make a step of a function: `@step` or `@step(retries=3)`.

    Args:
        function: given by `@step` without brackets.
        name: the step's name within a run; None is the function's.
        retries: tries after the first that raised, 0 to 1,000.
        retry_delay: seconds before the first of them.
        retry_backoff: by what the delay is multiplied from one to the next, up to an hour:
            with 2, a delay of 10 s is followed by 20 s and 40 s.
        timeout: seconds that one attempt may take; None is no limit.
        queue: the Celery queue; None is the run's queue.
        cache: whether the outputs of the same computation are taken instead of computing it
            again: the same code, inputs of the same bytes, the same values. True keeps them
            until they were not used for 30 days; a time such as `"7d"` says how long.
        cache_key: what else the outputs depend on: with another text they are computed anew.

    Returns:
        The `Step`, or a decorator that makes one.

    Raises:
        DefinitionError: when the function or an option cannot be used.
    """
    options = StepOptions(
        retries=retries,
        retry_delay=retry_delay,
        retry_backoff=retry_backoff,
        timeout=timeout,
        queue=queue,
        cache=cache,
        cache_key=cache_key,
    )

    def decorate(function: Callable[..., Any]) -> Step[..., Any]:
        made = Step(function, name=name, options=options)
        _register(made)
        return made

    return decorate if function is None else decorate(function)


def _register(made: Step[..., Any]) -> None:
    try:
        path = made.function_path
    except DefinitionError:
        # It can still be called plainly; compiling a pipeline that uses it raises this.
        return
    register_step(path, made)
