import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raincheck.authoring import find_step, pipeline, step
from raincheck.authoring.function_path import function_path, importable_module
from raincheck_contracts.errors import DefinitionError

HERE = __name__


@step
def double(value: int) -> int:
    """Twice the value."""
    return 2 * value


@step(name="quadruple", retries=2, retry_delay=0.5, timeout=60, queue="gpu")
def four_times(value: int, *, add: int = 0) -> int:
    """Four times the value, and something."""
    return double(double(value)) + add


class Recipes:
    """A class that holds a step."""

    @staticmethod
    @step
    def bake() -> str:
        """A step in a class."""
        return "bread"


def test_a_step_is_called_plainly_outside_of_a_pipeline() -> None:
    """In a test or in another step a step is the function that it was made of."""
    assert double(21) == 42
    assert four_times(1, add=2) == 6


def test_after_changes_nothing_outside_of_a_pipeline() -> None:
    """`after` orders recorded calls; a plain call happens where it is written."""
    assert double.after(four_times(1))(value=4) == 8


def test_a_step_looks_like_its_function() -> None:
    """Name, docstring and signature are those of the function."""
    assert getattr(double, "__name__", "") == "double"
    assert double.__doc__ == "Twice the value."
    assert repr(double) == "<step double>"


def test_a_step_is_found_by_its_path() -> None:
    """Decoration registers the step under `module:qualname`."""
    assert double.function_path == f"{HERE}:double"
    assert find_step(f"{HERE}:double") is double
    assert find_step(f"{HERE}:Recipes.bake") is Recipes.bake
    assert find_step(f"{HERE}:nothing") is None


def test_decorating_the_same_path_again_replaces_the_step() -> None:
    """A reloaded module brings its new steps."""

    def reloaded() -> int:
        return 1

    reloaded.__qualname__ = "reloaded"
    first, second = step(reloaded), step(reloaded)
    assert first is not second
    assert find_step(f"{HERE}:reloaded") is second


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "retries=-1"),
        ({"retries": 1_001}, "retries=1001"),
        ({"retries": True}, "retries=True"),
        ({"retry_delay": -0.1}, "retry_delay=-0.1"),
        ({"retry_delay": float("nan")}, "retry_delay=nan"),
        ({"timeout": 0}, "timeout=0"),
        ({"timeout": float("inf")}, "timeout=inf"),
        ({"timeout": "60"}, "timeout='60'"),
        ({"queue": "a queue"}, "queue='a queue'"),
        ({"cache": "soon"}, "cache='soon'"),
        ({"cache": 0}, "cache=0"),
        ({"cache": "5000d"}, "cache='5000d'"),
        ({"cache": object}, "cache="),
        ({"cache_key": "v2"}, "cache_key='v2'"),
        ({"cache": True, "cache_key": 2}, "cache_key=2"),
        ({"name": "a step"}, "'a step' cannot be its name"),
        ({"name": ""}, "'' cannot be its name"),
    ],
)
def test_an_option_that_no_worker_could_follow_is_refused(
    options: dict[str, Any], message: str
) -> None:
    """Options are checked where the step is decorated."""

    def train() -> None: ...

    with pytest.raises(DefinitionError, match=message):
        step(**options)(train)


def test_a_cache_has_the_life_time_that_was_given() -> None:
    """Whole seconds, 30 days by default, none without a cache."""

    def train() -> None: ...

    given: list[tuple[Any, int | None]] = [(False, None), (True, 2_592_000), ("1.5s", 2), (60, 60)]
    for cache, seconds in given:
        assert step(cache=cache)(train).options.cache_seconds == seconds


def test_a_name_outside_ascii_needs_another() -> None:
    """A function name that no record can hold asks for `name=`."""

    def predict() -> None: ...

    predict.__name__ = "prédire"
    with pytest.raises(DefinitionError, match="name="):
        step(predict)
    assert step(name="predict")(predict).name == "predict"


def local_step() -> Callable[[], None]:
    """A step that only this function can see."""

    @step
    def inner() -> None: ...

    return inner


def outside_ascii() -> None:
    """Its qualified name is changed below."""


outside_ascii.__qualname__ = "prédire"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (local_step(), "defined inside a function"),
        (lambda: None, "a lambda has no name"),
        (outside_ascii, "characters other than ASCII"),
    ],
)
def test_a_function_that_a_worker_could_not_import_has_no_path(
    function: Callable[..., object], message: str
) -> None:
    """Local functions, lambdas and names outside of ASCII are refused with the reason."""
    with pytest.raises(DefinitionError, match=message):
        function_path(function)


def test_a_module_keeps_its_name() -> None:
    """Only the module that runs as a script needs another name."""
    assert importable_module("package.module") == "package.module"


SCRIPT = """
from raincheck.authoring import find_pipeline, find_step, pipeline, step

@step
def work() -> int:
    return 1

@pipeline
def flow():
    return work()

if __name__ == "__main__":
    spec = flow.compile().spec
    assert find_step(spec.steps[0].function) is work
    assert find_pipeline(spec.function) is flow
    print(spec.function, spec.steps[0].function)
"""


def run_python(*arguments: str, cwd: Path, given: str | None = None) -> str:
    """What a Python process printed, or the last line of its error."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def test_a_script_has_the_path_under_which_it_can_be_imported(tmp_path: Path) -> None:
    """`python script.py` queues paths that `raincheck worker script` finds."""
    (tmp_path / "demo_flow.py").write_text(SCRIPT)
    assert run_python("demo_flow.py", cwd=tmp_path) == "demo_flow:flow demo_flow:work"


def test_a_module_run_with_m_has_its_own_name(tmp_path: Path) -> None:
    """`python -m package.module` queues the dotted name."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "demo_flow.py").write_text(SCRIPT)
    printed = run_python("-m", "package.demo_flow", cwd=tmp_path)
    assert printed == "package.demo_flow:flow package.demo_flow:work"


def test_a_package_run_with_m_names_its_main_module(tmp_path: Path) -> None:
    """`python -m package` runs `package.__main__`, which a worker can import."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(SCRIPT)
    printed = run_python("-m", "package", cwd=tmp_path)
    assert printed == "package.__main__:flow package.__main__:work"


def test_a_script_of_another_folder_on_the_path_first_is_refused(tmp_path: Path) -> None:
    """Without the script's folder first on the path no worker would find it by its stem."""
    (tmp_path / "demo_flow.py").write_text("import sys; sys.path.insert(0, '/')\n" + SCRIPT)
    assert "Put it into a module" in run_python("demo_flow.py", cwd=tmp_path)


def test_code_without_a_file_says_to_put_it_into_a_module(tmp_path: Path) -> None:
    """`python -c` and code from standard input have no module that a worker could import."""
    assert "Put it into a module" in run_python("-c", SCRIPT, cwd=tmp_path)
    assert "Put it into a module" in run_python("-", cwd=tmp_path, given=SCRIPT)


def test_what_is_typed_after_a_script_has_no_path(tmp_path: Path) -> None:
    """`python -i script.py` has a file, but what is typed afterwards is not in it."""
    (tmp_path / "demo_flow.py").write_text(SCRIPT)
    typed = "def typed(): pass\n\nfrom raincheck.authoring.function_path import function_path\n"
    typed += "try:\n    function_path(typed)\nexcept Exception as e:\n    print(e)\n\n"
    assert "Put it into a module" in run_python("-i", "demo_flow.py", cwd=tmp_path, given=typed)


def test_a_step_of_a_function_can_be_decorated_but_not_compiled() -> None:
    """Compiling a pipeline with a local step raises; decorating and calling it does not."""
    local_step()()
    with pytest.raises(DefinitionError, match=r"inner: it is defined inside a function"):
        uses_local_step.compile()


@pipeline
def uses_local_step() -> None:
    """A pipeline that calls a local step."""
    local_step()()
