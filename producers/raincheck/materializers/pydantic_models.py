"""Pydantic models, as the JSON that pydantic itself writes."""

import math
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from raincheck.materializers.annotations import alternatives
from raincheck.materializers.base import DumpTarget, Parts
from raincheck.materializers.type_names import imported_class, normal_name, type_name
from raincheck_contracts.artifacts import Manifest
from raincheck_contracts.errors import UnsupportedValueError

_MEDIA_TYPE = "application/vnd.raincheck.pydantic+json"


class PydanticMaterializer:
    """Stores pydantic models that come back equal; each dump proves it.

    The class is the one that the reader's annotation names, or one that the process has
    imported already; a manifest never causes an import. Fields that a default filled count
    as set after loading.
    """

    name = "pydantic-json"
    version = 1
    cacheable = False  # to copy costs about as much as to validate

    def handles(self, value: object) -> bool:
        """Whether `value` is a model."""
        return isinstance(value, BaseModel)

    def dump(self, value: object, out: DumpTarget) -> None:
        """Write the model as JSON, by field names.

        Raises:
            UnsupportedValueError: if the model read back is not equal to `value`.
        """
        model = cast("BaseModel", value)
        where = type_name(type(model))
        try:
            text = model.model_dump_json(by_alias=False, round_trip=True)
            back = _validate(type(model), text)
        except (PydanticSerializationError, ValidationError) as error:
            raise UnsupportedValueError(
                where, f"its JSON cannot be read back: {error}", _REMEDY
            ) from error
        if not _same(back, model):
            raise UnsupportedValueError(where, f"it would come back as {back!r}", _REMEDY)
        out.put(text.encode(), _MEDIA_TYPE)

    def load(self, manifest: Manifest, parts: Parts, annotation: object) -> object:
        """Validate the JSON into the recorded class.

        Raises:
            UnsupportedValueError: if that class is neither in the annotation nor imported,
                or has changed so that it refuses the value.
        """
        cls = _class_for(manifest, annotation)
        try:
            return _validate(cls, bytes(parts.buffer()))
        except ValidationError as error:
            raise UnsupportedValueError(
                f"a stored {manifest.type}",
                f"the class refuses it now: {error}",
                "Give new fields a default, or publish the value anew",
            ) from error

    def copy(self, value: object) -> object:
        """Copy deeply."""
        return cast("BaseModel", value).model_copy(deep=True)


_REMEDY = (
    "Use field types that JSON keeps; for NaN set model_config = "
    "ConfigDict(ser_json_inf_nan='constants')"
)


def _validate(cls: type[BaseModel], text: str | bytes) -> BaseModel:
    return cls.model_validate_json(text, by_alias=False, by_name=True)


def _same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    match one, other:
        case BaseModel(), BaseModel():
            return all(
                _same(getattr(one, name), getattr(other, name))
                for name in ("__dict__", "__pydantic_extra__", "__pydantic_private__")
            )
        case dict(), dict():
            return list(one) == list(other) and _same(list(one.values()), list(other.values()))
        case ((list() | tuple()), (list() | tuple())):
            return len(one) == len(other) and all(map(_same, one, other))
        case float(), float():
            return one == other or (math.isnan(one) and math.isnan(other))
        case _:
            return bool(one == other)


def _class_for(manifest: Manifest, annotation: object) -> type[BaseModel]:
    recorded = normal_name(manifest.type)
    for member in (*alternatives(annotation), imported_class(recorded)):
        if (
            isinstance(member, type)
            and issubclass(member, BaseModel)
            and type_name(member) == recorded
        ):
            return member
    raise UnsupportedValueError(
        f"a stored {recorded}",
        "the class is not imported here, and stored values import nothing",
        "Annotate the parameter with the class, or import its module in the worker",
    )
