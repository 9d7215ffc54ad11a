"""A step or pipeline function seen as typed ports."""

import inspect
import typing
from collections.abc import Callable
from functools import cached_property

from raincheck.authoring.outputs import UNDECLARED, Outputs, read_outputs
from raincheck.authoring.parameters import ParameterPort
from raincheck.columns import check_declared, contracts_known
from raincheck_contracts.errors import DefinitionError

_REFUSED_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "is positional-only",
    inspect.Parameter.VAR_POSITIONAL: "takes any number of positional arguments",
    inspect.Parameter.VAR_KEYWORD: "takes any keyword argument",
}
_REFUSED_FUNCTIONS = {
    inspect.iscoroutinefunction: "it is a coroutine function",
    inspect.isgeneratorfunction: "it is a generator function",
    inspect.isasyncgenfunction: "it is an asynchronous generator function",
}


class FunctionSignature:
    """The ports of a function; annotations are resolved when first asked for.

    Late, so that an annotation may name what is defined further down in the module.
    """

    def __init__(self, function: Callable[..., object]) -> None:
        """Read the parameters' names and kinds.

        Args:
            function: a plain function.

        Raises:
            DefinitionError: for what is not a plain function, and for parameters that
                have no name to hand a value to.
        """
        name = getattr(function, "__qualname__", repr(function))
        if not inspect.isfunction(function):
            raise DefinitionError(name, "it is not a plain function", "Decorate a def")
        for test, problem in _REFUSED_FUNCTIONS.items():
            if test(function):
                raise DefinitionError(name, problem, "Write a plain def that returns values")
        self._function = function
        self._name = name
        self._signature = inspect.signature(function)
        for parameter in self._signature.parameters.values():
            if parameter.kind in _REFUSED_KINDS:
                problem = f"parameter {parameter.name!r} {_REFUSED_KINDS[parameter.kind]}"
                raise DefinitionError(name, problem, "Give each parameter a name of its own")

    def check_contracts(self) -> None:
        """Refuse column contracts that cannot be checked, as soon as they can be read.

        Raises:
            DefinitionError: names the parameter or output.
        """
        if not contracts_known():
            return
        try:
            hints = dict(self._hints)
            outputs = read_outputs(self._name, hints.pop("return", None))
        except DefinitionError:
            # It may name what is defined further down; whoever needs the ports will see.
            return
        for name, annotation in hints.items():
            check_declared(self._name, f"parameter {name!r}", annotation, nested=True)
        for port in outputs.ports:
            check_declared(self._name, f"output {port.name!r}", port.declared, nested=False)

    @cached_property
    def parameters(self) -> tuple[ParameterPort, ...]:
        """The parameters in order.

        Raises:
            DefinitionError: when an annotation cannot be resolved, or has a column contract
                that nothing could check.
        """
        self.check_contracts()
        return tuple(
            ParameterPort(
                name=parameter.name,
                annotation=self._hints.get(parameter.name, typing.Any),
                default=parameter.default,
                keyword_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
            )
            for parameter in self._signature.parameters.values()
        )

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs in order.

        Raises:
            DefinitionError: when the return annotation cannot be resolved or used.
        """
        self.check_contracts()
        if "return" not in self._hints:
            return UNDECLARED
        return read_outputs(self._name, self._hints["return"])

    @cached_property
    def _hints(self) -> dict[str, object]:
        try:
            return typing.get_type_hints(self._function, include_extras=True)
        except NameError as error:
            problem = f"the annotation {error.name!r} names nothing that can be found"
            remedy = "Import or define it at the top of the module, outside of TYPE_CHECKING"
            raise DefinitionError(self._name, problem, remedy) from error
        except (AttributeError, SyntaxError, TypeError) as error:
            problem = f"an annotation cannot be evaluated: {error}"
            raise DefinitionError(self._name, problem, "Mend the annotation") from error
