"""The typed join: recorded type against annotation, before any byte is read."""

import collections.abc
import inspect
import pathlib
import sys
from abc import ABC
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NewType,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    runtime_checkable,
)

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from pydantic import BaseModel
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LinearRegression
from typing_extensions import TypeAliasType

from raincheck.materializers import describe, type_satisfies
from raincheck.materializers.type_names import base_names, imported_class, type_name
from raincheck_contracts.artifacts import Manifest, Part

Metres = NewType("Metres", float)
Number = TypeVar("Number", int, float)
Frame = TypeVar("Frame", bound=pd.DataFrame)
Anything = TypeVar("Anything")
Table = TypeAliasType("Table", pd.DataFrame | None)


class Options(TypedDict):
    """A dict with known keys."""

    alpha: float


class Point(BaseModel):
    """A model."""

    x: int = 0


class Point3(Point):
    """A model that extends it."""


class Page(BaseModel, Generic[Anything]):
    """A generic model."""

    items: list[Anything] = []


class Shape(ABC):  # noqa: B024 - only its place among the bases counts
    """An abstract base class."""


@runtime_checkable
class Predicts(Protocol):
    """What can predict."""

    def predict(self, X: object) -> object:  # noqa: N803 - scikit-learn's name
        """Predict."""
        ...


class Named(Protocol):
    """A protocol that cannot be checked at run time."""

    name: str


def recorded(cls: type) -> Manifest:
    """Give a manifest of a value of `cls`."""
    return manifest_of(type_name(cls), base_names(cls))


def manifest_of(name: str, bases: tuple[str, ...] = ()) -> Manifest:
    """Give a manifest with that type."""
    part = Part(name="data", media_type="x/y", digest="b3:" + "0" * 64, size=1)
    return Manifest(type=name, bases=bases, materializer="json@1", parts=(part,))


ACCEPTED: list[tuple[type, object]] = [
    (int, Any),
    (int, object),
    (int, inspect.Parameter.empty),
    (int, int),
    (bool, int),
    (int, float),
    (int, complex),
    (float, complex),
    (np.float64, float),
    (np.float32, float),
    (np.int64, int),
    (np.int64, float),
    (np.bool_, bool),
    (np.str_, str),
    (type(None), None),
    (type(None), Optional[int]),  # noqa: UP045 - the older spelling too
    (str, int | str),
    (list, list[int]),
    (dict, dict[str, Any]),
    (dict, Options),
    (list, collections.abc.Sequence),
    (list, collections.abc.Sequence[int]),
    (dict, collections.abc.Mapping[str, int]),
    (np.ndarray, npt.NDArray[np.float64]),
    (pd.DataFrame, pd.DataFrame),
    (pd.DataFrame, Annotated[pd.DataFrame, "data"]),
    (pd.DataFrame, Table),
    (pd.DataFrame, Frame),
    (float, Metres),
    (int, Number),
    (str, Anything),
    (str, Literal["a", "b"]),
    (int, Literal["auto"] | int),
    (LinearRegression, RegressorMixin),
    (LinearRegression, BaseEstimator),
    (LinearRegression, Predicts),
    (LinearRegression, Named),
    (Point, Point),
    (Point3, Point),
    (Page[int], Page[int]),
    (type(pathlib.Path()), pathlib.Path),
    (str, "a forward reference"),
]
REFUSED: list[tuple[type, object]] = [
    (float, int),
    (str, float),
    (int, bool),
    (complex, float),
    (np.float64, int),
    (type(None), int),
    (int, None),
    (int, str | list[int]),
    (dict, list[int]),
    (list, Options),
    (dict, collections.abc.Sequence),
    (int, collections.abc.Sequence[int]),
    (pd.Series, pd.DataFrame),
    (pd.DataFrame, Annotated[pd.Series, "data"]),
    (pd.Series, Table),
    (pd.Series, Frame),
    (str, Metres),
    (str, Number),
    (int, Literal["a", "b"]),
    (LinearRegression, ClassifierMixin),
    (pd.DataFrame, Predicts),
    (Point, Point3),
    (Point, Page[int]),
    (dict, Point),
    (int, Shape),
    (bytes, pathlib.Path),
]


@pytest.mark.parametrize(("cls", "annotation"), ACCEPTED, ids=str)
def test_fitting_types_are_accepted(cls: type, annotation: object) -> None:
    """What a call would accept passes the join."""
    assert type_satisfies(recorded(cls), annotation)


@pytest.mark.parametrize(("cls", "annotation"), REFUSED, ids=str)
def test_other_types_are_refused(cls: type, annotation: object) -> None:
    """What could never satisfy the annotation is told before bytes are read."""
    assert not type_satisfies(recorded(cls), annotation)


@pytest.mark.parametrize("name", ["pandas.DataFrame", "pandas.core.frame.DataFrame"])
def test_private_module_names_of_pandas_count_as_public(name: str) -> None:
    """A frame recorded under pandas' private module is the same type."""
    assert type_satisfies(manifest_of(name), pd.DataFrame)


def test_path_of_newer_python_is_the_same_type() -> None:
    """`pathlib._local.Path` of Python 3.13 satisfies `pathlib.Path`."""
    bases = ("pathlib._local.Path", "pathlib._local.PurePosixPath")
    assert type_satisfies(manifest_of("pathlib._local.PosixPath", bases), pathlib.Path)


@pytest.mark.parametrize("annotation", [collections.abc.Sequence, Predicts, Shape])
def test_unknown_type_against_an_abstract_class_is_left_to_the_call(annotation: object) -> None:
    """A type of a module that is not imported cannot be decided, and is not imported."""
    assert type_satisfies(manifest_of("this.Thing"), annotation)
    assert "this" not in sys.modules


def test_registered_class_satisfies_an_abstract_one() -> None:
    """A class registered with an abstract class counts as its subclass."""
    Shape.register(Point)
    assert type_satisfies(recorded(Point), Shape)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (float, "float"),
        (Optional[float], "float | None"),  # noqa: UP045 - the older spelling too
        (Annotated[pd.DataFrame, "data"], "pandas.DataFrame"),
        (list[int], "list[int]"),
        (Literal["a"], "Literal['a']"),
        (inspect.Parameter.empty, "anything"),
        (Any, "anything"),
        (Metres, "float"),
    ],
)
def test_annotations_are_described_in_short(annotation: object, text: str) -> None:
    """A message names types as people write them."""
    assert describe(annotation) == text


def test_classes_are_found_only_where_they_are_imported() -> None:
    """Finding a class runs no code and trusts no name."""
    assert imported_class("pathlib.Path") is pathlib.Path
    assert imported_class(type_name(Point)) is Point
    assert imported_class("xml.dom.minidom.Document") is None or "xml.dom.minidom" in sys.modules
    assert imported_class("collections.abc.Missing") is None
    assert imported_class("os.environ") is None
