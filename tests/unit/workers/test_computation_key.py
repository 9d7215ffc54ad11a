"""What a computation's key depends on: code, bytes, values, declarations; and on nothing else."""

import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import pytest

from raincheck import pipeline, step
from raincheck.authoring.step import Step
from raincheck.index.replies import BoundVersion, Claimed
from raincheck_contracts.artifacts import VersionRecord
from raincheck_contracts.pipelines import (
    DictInput,
    Input,
    ListInput,
    OutputSpec,
    ReferenceInput,
    StepSpec,
    ValueInput,
)
from raincheck_contracts.reference_text import parse_reference
from raincheck_workers.execution.code_digest import code_digest
from raincheck_workers.execution.computation_key import computation_key
from raincheck_workers.execution.inputs import bind
from tests.support.builders import record

_THRESHOLD = 0.5
_CALLS: list[str] = []
_COUNT = 0


def _twice(value: float) -> float:
    return 2 * value


def score(model: float) -> Annotated[float, "score"]:
    """A step's function."""
    return _twice(model) if model > _THRESHOLD else 0.0


def _key(  # noqa: PLR0913 - what a key depends on
    *,
    made: "Step[..., Any] | None" = None,
    versions: tuple[VersionRecord, ...] = (),
    name: str = "1",
    metadata: str | None = None,
    reference: str = "model",
    inputs: dict[str, Input] | None = None,
    artifact: str = "score",
) -> str:
    nodes: dict[str, Input] = {"model": ReferenceInput(reference=parse_reference(reference))}
    spec = StepSpec(
        name="s",
        function="m:s",
        inputs={**nodes, **(inputs or {})},
        outputs=(OutputSpec(name="score", artifact=artifact),),
    )
    found = versions or (record(),)
    values = tuple(
        BoundVersion("model", name, number, one, None, metadata)
        for number, one in enumerate(found, 1)
    )
    bound = bind(spec, Claimed("1:f", 1, 7, values, (len(values),)))
    return computation_key(made or step(cache=True)(score), bound)


def _record(**changes: Any) -> VersionRecord:
    """A version whose manifest or digest differs."""
    made = record()
    digest = changes.pop("digest", made.digest)
    manifest = made.manifest.model_copy(update=changes)
    return made.model_copy(update={"digest": digest, "manifest": manifest})


def _value(value: Any) -> dict[str, Input]:
    return {"parts": ValueInput(value=value)}


def test_the_same_bytes_under_another_name_are_the_same() -> None:
    """Also when they were referred to otherwise, by whoever made them."""
    same = record().model_copy(update={"run": "run-1", "step": "train", "inputs": ("a@1",)})
    assert _key(name="2") == _key()
    assert _key(reference="model:production") == _key()
    assert _key(versions=(same,)) == _key()
    assert _key(made=step(cache="7d", retries=3)(score)) == _key()


OTHERS: dict[str, Callable[[], str]] = {
    "bytes": lambda: _key(versions=(_record(digest="b3:" + "0" * 64),)),
    "materializer": lambda: _key(versions=(_record(materializer="json@2"),)),
    "type": lambda: _key(versions=(_record(type="builtins.int"),)),
    "schema": lambda: _key(versions=(_record(schema_={"dtype": "f4"}),)),
    "a list of one": lambda: _key(reference="model?take=1"),
    "a list of two": lambda: _key(reference="model?take=2", versions=(record(), record())),
    "metadata": lambda: _key(reference="model#/MSE", metadata="1.5"),
    "other metadata": lambda: _key(reference="model#/MSE", metadata="1"),
    "a whole number": lambda: _key(inputs=_value(1)),
    "a float": lambda: _key(inputs=_value(1.0)),
    "a truth": lambda: _key(inputs=_value(value=True)),
    "a text": lambda: _key(inputs=_value("1")),
    "null": lambda: _key(inputs=_value(None)),
    "a list": lambda: _key(inputs={"parts": ListInput(items=(ValueInput(value=1),))}),
    "a tuple": lambda: _key(inputs={"parts": ListInput(items=(ValueInput(value=1),), tuple_=True)}),
    "a dict": lambda: _key(inputs=_value({"a": 1, "b": 2})),
    "its order": lambda: _key(inputs=_value({"b": 2, "a": 1})),
    "a dict of inputs": lambda: _key(inputs={"parts": DictInput(items={"a": ValueInput(value=1)})}),
    "the artifact": lambda: _key(artifact="other"),
    "the author's key": lambda: _key(made=step(cache=True, cache_key="v2")(score)),
}


def test_all_else_that_differs_is_another_computation() -> None:
    """Each of these has a key of its own."""
    keys = {"same": _key(), **{name: key() for name, key in OTHERS.items()}}
    assert len(set(keys.values())) == len(keys), sorted(keys.items(), key=lambda item: item[1])


SOURCE = """
LIMIT = 0.5
CALLS = []
COUNT = 0
NAMES = ("a", "b")

def helper(value):
    return value + 1

def run(value, add=1):
    "What it does."
    global COUNT
    COUNT += 1
    CALLS.append(value)  # noted
    return [helper(value) * LIMIT + add for name in NAMES if name in {"a", "b", "c"}]
"""
SAME = [
    ("  # noted", ""),
    ('"What it does."', '"What else it does."'),
    ("COUNT = 0", "COUNT = 7"),
    ("CALLS = []", "CALLS = [1]"),
    ("\nLIMIT", "\n\n\nLIMIT"),
    ("return value + 1", "return value + 1\n\ndef unused():\n    return 2"),
]
OTHER = [
    ("LIMIT = 0.5", "LIMIT = 0.6"),
    ("value + 1", "value + 2"),
    ("add=1", "add=2"),
    ('NAMES = ("a", "b")', 'NAMES = ("a",)'),
    ('{"a", "b", "c"}', '{"a", "b", "d"}'),
    ("* LIMIT", "/ LIMIT"),
]


def _digest(source: str) -> str:
    names: dict[str, Any] = {"__name__": "made"}
    exec(source, names)  # noqa: S102 - a module of the test's own
    return code_digest(names["run"])


@pytest.mark.parametrize(("before", "after"), SAME)
def test_code_is_the_same_whatever_does_not_compute(before: str, after: str) -> None:
    """Comments, docstrings, places, what it does not call, what it assigns itself."""
    assert before in SOURCE
    assert _digest(SOURCE.replace(before, after)) == _digest(SOURCE)


@pytest.mark.parametrize(("before", "after"), OTHER)
def test_code_that_computes_otherwise_is_other_code(before: str, after: str) -> None:
    """Its own, that of functions of its module, constants and defaults."""
    assert before in SOURCE
    assert _digest(SOURCE.replace(before, after)) != _digest(SOURCE)


_ELSEWHERE = """
import sys
from raincheck_workers.execution.code_digest import code_digest
names = {"__name__": "made"}
exec(sys.stdin.read(), names)
print(code_digest(names["run"]))
"""


def test_code_has_the_same_digest_in_every_process() -> None:
    """Whatever the seed of its hashes."""
    seed = str(hash("seed") % 1_000)  # another than this process's
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE],
        input=SOURCE,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout == _digest(SOURCE) + "\n"


def test_a_decorated_function_is_known_by_what_it_wraps() -> None:
    """A wrapper of another module holds it in its closure."""

    def wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*given: Any) -> Any:
            return function(*given)

        return wrapper

    assert code_digest(wrapping(_twice)) == code_digest(wrapping(_twice))
    assert code_digest(wrapping(_twice)) != code_digest(wrapping(_key))


def test_a_step_is_known_by_its_function() -> None:
    """Called by another of its module, whatever its options."""
    source = "from raincheck import step\n\n@step{}\ndef one():\n    return {}\n\n"
    source += "def run():\n    return one()\n"
    assert _digest(source.format("", 1)) == _digest(source.format("(retries=2)", 1))
    assert _digest(source.format("", 1)) != _digest(source.format("", 2))


def test_a_step_without_cache_has_the_message_that_it_had() -> None:
    """Its specification says nothing of a cache."""
    assert "cache" not in _both.compile().spec.steps[0].canonical_json()
    assert _both.compile().spec.steps[1].cache == 30 * 86_400


@step
def _plain() -> None:
    """Without options."""


@step(cache=True)
def _kept() -> None:
    """With one."""


@pipeline
def _both() -> None:
    _plain()
    _kept()
