"""A step is a function; a pipeline composes steps; calling it runs it here and now."""

from typing import Annotated

from raincheck import Client, get_step_context, pipeline, step


@step
def double(value: float) -> float:
    """A step is a plain function with a decorator."""
    return 2 * value


@step
def halves(value: float) -> tuple[Annotated[float, "lower_half"], Annotated[float, "upper_half"]]:
    """A step may have several outputs, each with a name."""
    return value / 2, value - value / 2


@step
def add(left: float, right: float) -> Annotated[float, "sum"]:
    """The name of an output is also the name of the artifact it becomes."""
    return left + right


@step
def who_am_i() -> str:
    """A running step can ask about itself."""
    context = get_step_context()
    return f"{context.pipeline}.{context.step}, attempt {context.attempt}"


@pipeline
def arithmetic(value: float = 3.0) -> float:
    """A pipeline function calls steps and hands their outputs on."""
    lower, upper = halves(double(value))
    return add(lower, upper)


@pipeline
def introduce() -> str:
    """One step."""
    return who_am_i()


def test_a_step_can_be_called_like_the_function_it_is() -> None:
    """Outside of a pipeline function nothing is recorded: it just runs."""
    assert double(4.0) == 8.0


def test_a_called_pipeline_runs_here_and_gives_its_value() -> None:
    """Its parameters have defaults like any function's."""
    assert arithmetic() == 6.0
    assert arithmetic(10.0) == 20.0


def test_every_output_becomes_a_version_of_an_artifact() -> None:
    """Each run publishes one more."""
    arithmetic()
    arithmetic(10.0)
    sums = Client().list_artifact_versions("sum")
    assert [(item.version, item.load()) for item in sums] == [("2", 20.0), ("1", 6.0)]


def test_a_running_step_knows_itself() -> None:
    """Its pipeline, its name, which try it is."""
    assert introduce() == "introduce.who_am_i, attempt 1"
