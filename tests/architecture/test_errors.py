"""Errors are data: they survive pickling, say what to do, and stand in the drawn tree."""

import inspect
import pickle
import typing

import pytest

from raincheck_contracts import errors
from raincheck_contracts.columns import FailedCheck
from raincheck_contracts.errors import RaincheckError
from raincheck_contracts.runs import ErrorInfo

CLASSES = [
    cls for cls in vars(errors).values() if inspect.isclass(cls) and issubclass(cls, RaincheckError)
]
_EXAMPLES: dict[object, object] = {
    str: "something",
    int: 3,
    tuple[str, ...]: ("one", "two"),
    tuple[FailedCheck, ...]: (FailedCheck(column="a", check="unique", rows=2, found=("1", "1")),),
    ErrorInfo: ErrorInfo(type="builtins.ValueError", message="no"),
}


def _example(cls: type[RaincheckError]) -> RaincheckError:
    if not inspect.isfunction(cls.__init__):  # that of a built-in class
        return cls("something")
    hints = typing.get_type_hints(cls.__init__)
    fields = list(inspect.signature(cls).parameters)
    return cls(*(_EXAMPLES[hints[name]] for name in fields))


@pytest.mark.parametrize("cls", CLASSES)
def test_each_error_survives_pickling_with_its_fields(cls: type[RaincheckError]) -> None:
    """An error that crosses a process keeps class, fields and text."""
    error = _example(cls)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled one line earlier
    assert type(copy) is cls
    assert vars(copy) == vars(error)
    assert str(copy) == str(error) != ""


@pytest.mark.parametrize("cls", CLASSES)
def test_each_error_stands_in_the_drawn_tree_under_its_base(cls: type[RaincheckError]) -> None:
    """The tree at the head of the package is the tree of the classes."""
    lines = (errors.__doc__ or "").splitlines()
    (place,) = [i for i, line in enumerate(lines) if line.split()[:1] == [cls.__name__]]
    depth = len(lines[place]) - len(lines[place].lstrip())
    above = [
        line.split()[0]
        for line in reversed(lines[:place])
        if line.strip() and len(line) - len(line.lstrip()) < depth
    ]
    if cls is not RaincheckError:
        assert above[0] == cls.__bases__[0].__name__
    extra = [base.__name__ for base in cls.__bases__[1:]]
    assert (f"({', '.join(extra)})" in lines[place]) == bool(extra)
