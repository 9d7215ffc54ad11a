"""The typed join over the forms in which annotations are written."""

# ruff: noqa: UP007, UP045, PYI061 - the older spellings, too

import abc
import collections.abc
import dataclasses
import datetime as dt
import decimal
import enum
import numbers
import os
import pathlib
import typing
from collections.abc import Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Generic,
    Literal,
    LiteralString,
    NamedTuple,
    NewType,
    NoReturn,
    Optional,
    Protocol,
    TypeAlias,
    TypeVar,
    Union,
    final,
    runtime_checkable,
)

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from pandera.typing import DataFrame, Series
from pydantic import BaseModel
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression
from typing_extensions import TypeAliasType, TypedDict, override

from raincheck.materializers import describe, type_satisfies
from raincheck.materializers.type_check import class_satisfies
from raincheck.materializers.type_names import base_names, type_name
from raincheck_contracts.artifacts import Manifest, Part

T = TypeVar("T")
K = TypeVar("K")
Late = TypeVar("Late", bound="Model")
Model: TypeAlias = ClassifierMixin | BaseEstimator
Score = NewType("Score", float)
Percent = NewType("Percent", Score)
Maybe = TypeAliasType("Maybe", T | None, type_params=(T,))
Frame = TypeAliasType("Frame", Annotated[pd.DataFrame, "any"])
Same = TypeAliasType("Same", T, type_params=(T,))
Pairs = TypeAliasType("Pairs", dict[K, list[T]], type_params=(T, K))
Tree = TypeAliasType("Tree", "dict[str, Tree] | float")


class Colour(enum.StrEnum):
    """A choice."""

    RED = "red"


class Point(NamedTuple):
    """A tuple with names."""

    x: int


@dataclasses.dataclass
class Shape:
    """A base."""

    name: str


@dataclasses.dataclass
class Square(Shape):
    """Of another."""

    side: float


@final
class Last:
    """Has no subclasses."""


class Store(abc.ABC):
    """An abstract base class."""

    @abc.abstractmethod
    def get(self) -> int:
        """Abstract."""


class Shelf(Store):
    """A real subclass."""

    @override
    def get(self) -> int:
        """Get."""
        return 1


class Registered:
    """A virtual subclass."""


Store.register(Registered)


class Choices(TypedDict, total=False):
    """Known keys."""

    alpha: float


class Setting(BaseModel):
    """A model."""


class Predicts(Protocol):
    """Not for checks at run time."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Predict."""
        ...


class Fitted(Protocol):
    """Data and a method."""

    coef_: Any

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Predict."""
        ...


@runtime_checkable
class HasName(Protocol):
    """Data only, to be checked at run time."""

    name: str


class Transforms(Protocol[T]):
    """A generic one."""

    def transform(self, X: T) -> T:  # noqa: N803 - scikit-learn's name
        """Transform."""
        ...


class Unhashable(Protocol):
    """A method that a list says that it has not."""

    @override
    def __hash__(self) -> int: ...


class Box(Generic[T]):
    """A generic class."""


FITS: list[tuple[type, Any]] = [
    (pd.DataFrame, Union[Annotated[pd.DataFrame, "a"], Annotated[pd.Series, "b"]]),
    (type(None), Optional[Annotated[pd.DataFrame, "a"]]),
    (pd.DataFrame, Annotated[Annotated[pd.DataFrame, 1] | None, 2]),
    (pd.DataFrame, Annotated["pd.DataFrame | None", 1]),
    (float, Annotated[Percent, Annotated[str, "no"]]),
    (pd.DataFrame, Frame),
    (pd.DataFrame, Frame | None),
    (pd.DataFrame, Maybe[pd.DataFrame]),
    (type(None), Maybe[pd.DataFrame]),
    (str, Maybe),
    (str, Same[str]),
    (dict, Pairs[int, str]),
    (str, Tree),
    (LinearRegression, Late),
    (int, Percent),
    (str, LiteralString),
    (Colour, Colour),
    (Colour, str),
    (str, Literal["a", 1, None]),
    (type(None), Literal["a", 1, None]),
    (Point, tuple),
    (Point, tuple[int, ...]),
    (tuple, tuple[int, str]),
    (Square, Shape),
    (Last, Last),
    (Shelf, Store),
    (Registered, Store),
    (dict, Choices),
    (Box, Box[int]),
    (LinearRegression, Predicts),
    (LinearRegression, Fitted),
    (LinearRegression, HasName),
    (str, Unhashable),
    (list, Iterable[int]),
    (list, collections.abc.Collection),
    (dict, MutableMapping[str, int]),
    (dict, typing.Dict[str, int]),  # noqa: UP006 - the older spelling too
    (list, typing.List),  # noqa: UP006 - the older spelling too
    (str, Hashable),
    (int, numbers.Real),
    (np.float64, numbers.Real),
    (np.float64, np.floating),
    (np.float64, np.floating[Any]),
    (np.int64, np.number),
    (decimal.Decimal, numbers.Number),
    (dt.datetime, dt.date),
    (pathlib.PosixPath, os.PathLike[str]),
    (pathlib.PosixPath, str | os.PathLike[str]),
    (np.ndarray, npt.NDArray[np.float64]),
    (np.ndarray, npt.ArrayLike),
    (pd.DataFrame, npt.ArrayLike),
    (list, npt.ArrayLike),
    (pd.DataFrame, DataFrame),
    (pd.Series, Series[float]),
    (pd.Series, "pd.Series"),
    (pd.Series, ForwardRef("pd.Series")),
]
DOES_NOT_FIT: list[tuple[type, Any]] = [
    (pd.Index, Union[Annotated[pd.DataFrame, "a"], Annotated[pd.Series, "b"]]),
    (int, Optional[Annotated[pd.DataFrame, "a"]]),
    (str, Annotated[Annotated[pd.DataFrame, 1] | None, 2]),
    (pd.Series, Frame),
    (pd.Series, Maybe[pd.DataFrame]),
    (int, Same[str]),
    (list, Pairs[int, str]),
    (str, Percent),
    (bytes, LiteralString),
    (str, Colour),
    (float, Literal["a", 1, None]),
    (list, tuple[int, ...]),
    (Shape, Square),
    (int, Last),
    (Setting, Store),
    (list, Choices),
    (int, Box[int]),
    (float, Predicts),
    (float, Fitted),
    (int, Transforms[int]),
    (list, Unhashable),
    (list, Hashable),
    (int, Iterable[int]),
    (int, type[int]),
    (int, Callable[[int], int]),
    (str, numbers.Real),
    (np.int64, np.floating[Any]),
    (float, decimal.Decimal),
    (dt.date, dt.datetime),
    (list, npt.NDArray[np.float64]),
    (dict, npt.ArrayLike),
    (pd.Series, DataFrame),
    (int, NoReturn),
    (str, Mapping[str, int]),
    (str, list[str]),
]


def _manifest(cls: type) -> Manifest:
    part = Part(name="data", media_type="x/y", digest="b3:" + "0" * 64, size=1)
    return Manifest(type=type_name(cls), bases=base_names(cls), materializer="x@1", parts=(part,))


@pytest.mark.parametrize(("cls", "annotation"), FITS, ids=str)
def test_what_a_call_would_accept_fits(cls: type, annotation: object) -> None:
    """By the recorded names as by the class itself; what cannot be known fits."""
    assert type_satisfies(_manifest(cls), annotation)
    assert class_satisfies(cls, annotation)


@pytest.mark.parametrize(("cls", "annotation"), DOES_NOT_FIT, ids=str)
def test_what_no_value_of_the_class_can_be_does_not_fit(cls: type, annotation: object) -> None:
    """Told without reading bytes."""
    assert not type_satisfies(_manifest(cls), annotation)
    assert not class_satisfies(cls, annotation)
    assert describe(annotation)


def test_a_text_is_no_sequence_of_its_own_kind() -> None:
    """It is one for Python: a join that said no would refuse what a call accepts."""
    assert class_satisfies(str, Sequence[str])
