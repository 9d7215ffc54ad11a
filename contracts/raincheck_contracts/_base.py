"""The base class of every contract, and the one canonical JSON form."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from typing_extensions import TypeAliasType

#: The version of the wire contract; a worker gives back what it is too new to read.
CONTRACT_VERSION = 1

#: A value that JSON can carry; `float` is finite.
JsonValue = TypeAliasType(
    "JsonValue",
    "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None",
)


class Contract(BaseModel):
    """A frozen shape that crosses a process; unknown fields are refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        serialize_by_alias=True,
    )

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Messages stay small and readable: what is left at its default is left out,
        # but never a tag (a Literal) or a nested shape that tells a reader what it is.
        data: dict[str, Any] = write(self)
        for name, field in type(self).model_fields.items():
            if field.is_required() or get_origin(field.annotation) is Literal:
                continue
            value = getattr(self, name)
            if isinstance(value, Contract):
                continue
            if value == field.get_default(call_default_factory=True):
                data.pop(field.alias or name, None)
        return data

    def canonical_json(self) -> str:
        """The one text form of this value: no spaces, defaults left out.

        Fields come in the order of their declaration and a user's dicts in their own
        order: a step that takes a dict must not see it sorted.

        Returns:
            JSON text; its digest names the value.
        """
        return json.dumps(
            self.model_dump(mode="json"),
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )


def canonical_json(
    value: Mapping[str, object] | Sequence[object] | str | float | None,
) -> str:
    """Write `value` as canonical JSON: sorted keys, no spaces, finite numbers only.

    Args:
        value: a JSON value.

    Returns:
        The text. Python's shortest round-trip form is used for floats.

    Raises:
        ValueError: for NaN and infinities.
        TypeError: for what JSON cannot carry.
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
