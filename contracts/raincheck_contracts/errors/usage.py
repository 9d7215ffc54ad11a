"""Errors: what the author or caller wrote cannot be right."""

from typing_extensions import override

from raincheck_contracts.errors._root import RaincheckError


def _at(step: str, parameter: str) -> str:
    place = f", step {step!r}" if step else ""
    return place + (f", parameter {parameter!r}" if parameter else "")


class UsageError(RaincheckError):
    """What the author or caller wrote cannot be right."""


class DefinitionError(UsageError):
    """A step or pipeline is declared in a way that cannot work."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(name, problem, remedy)
        self.name = name
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"{self.name}: {self.problem}. {self.remedy}"


class CompileError(UsageError):
    """A pipeline function cannot be turned into a `PipelineSpec`."""

    def __init__(self, pipeline: str, step: str, parameter: str, problem: str, remedy: str) -> None:
        super().__init__(pipeline, step, parameter, problem, remedy)
        self.pipeline = pipeline
        self.step = step
        self.parameter = parameter
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return (
            f"pipeline {self.pipeline!r}{_at(self.step, self.parameter)}: {self.problem}. "
            f"{self.remedy}"
        )


class UnresolvedReferenceError(UsageError, TypeError):
    """An expression needs a value that is known only when a step starts."""

    def __init__(self, reference: str, operation: str) -> None:
        super().__init__(reference, operation)
        self.reference = reference
        self.operation = operation

    @override
    def __str__(self) -> str:
        return (
            f"{self.reference} is not resolved yet, so {self.operation} is not possible here. "
            "Move the expression into a step: there the parameter holds the value."
        )


class ReferenceSyntaxError(UsageError, ValueError):
    """A string is not a reference."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(text, problem)
        self.text = text
        self.problem = problem

    @override
    def __str__(self) -> str:
        return (
            f"{self.text!r} is not a reference: {self.problem}. Examples: trained_model@42, "
            "trained_model:production, trained_model:latest#/MSE, trained_model?min=MSE"
        )


class ParameterError(UsageError, ValueError):
    """A pipeline was called with parameters that it does not take."""

    def __init__(self, pipeline: str, problem: str) -> None:
        super().__init__(pipeline, problem)
        self.pipeline = pipeline
        self.problem = problem

    @override
    def __str__(self) -> str:
        return f"pipeline {self.pipeline!r}: {self.problem}"


class ArgumentError(UsageError, ValueError):
    """A call was given arguments that cannot be meant."""

    def __init__(self, call: str, problem: str, remedy: str) -> None:
        super().__init__(call, problem, remedy)
        self.call = call
        self.problem = problem
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        return f"{self.call}: {self.problem}. {self.remedy}"


class CursorError(UsageError, ValueError):
    """A list cannot go on at this cursor."""

    def __init__(self, cursor: str, problem: str) -> None:
        super().__init__(cursor, problem)
        self.cursor = cursor
        self.problem = problem

    @override
    def __str__(self) -> str:
        return (
            f"cursor {self.cursor!r:.120}: {self.problem}. Give the cursor as the page before gave "
            "it, with the same artifact, filters and order; without one a list begins anew"
        )


class NoContextError(UsageError, RuntimeError):
    """A call belongs inside a running step, or a pipeline function."""

    def __init__(self, call: str, place: str = "a running step") -> None:
        super().__init__(call, place)
        self.call = call
        self.place = place

    @override
    def __str__(self) -> str:
        return f"{self.call} works only inside {self.place}"


class SettingsError(UsageError, ValueError):
    """A setting has a value that cannot be used."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting = setting
        self.problem = problem

    @override
    def __str__(self) -> str:
        return f"{self.setting}: {self.problem}"


class MessageTooLargeError(UsageError):
    """A message would exceed the limit of the contract."""

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(what, size, limit)
        self.what = what
        self.size = size
        self.limit = limit

    @override
    def __str__(self) -> str:
        return (
            f"{self.what} is {self.size} bytes, over the limit of {self.limit}. Hand large "
            "values over as ExternalArtifact(value=...): then only a reference travels."
        )


class MessageVersionError(UsageError):
    """A message was written for another version of the contract."""

    def __init__(self, found: str, spoken: int) -> None:
        super().__init__(found, spoken)
        self.found = found
        self.spoken = spoken

    @override
    def __str__(self) -> str:
        newer = self.found.isdecimal() and int(self.found) > self.spoken
        side = "the workers" if newer else "whoever sent it"
        return (
            f"a message of contract {self.found}, but this worker reads contract "
            f"{self.spoken}: upgrade {side}"
        )


class WaitInStepError(UsageError, RuntimeError):
    """A step waits for a run: it would hold a worker that the run may need."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run

    @override
    def __str__(self) -> str:
        return (
            f"a step cannot wait for run {self.run}: it would hold a worker. "
            "Let the pipeline that needs the result refer to the artifact."
        )
