"""Whether a version can be what a parameter takes, told by names before bytes are read.

Nothing is imported: a manifest may name modules that this process must not load.
"""

import abc
import inspect
from typing import Any, get_origin

from pydantic import BaseModel
from typing_extensions import get_protocol_members, is_protocol, is_typeddict

from raincheck.materializers.annotations import alternatives, literal_types
from raincheck.materializers.type_names import base_names, imported_class, normal_name, type_name
from raincheck_contracts.artifacts import Manifest

# PEP 484: an int will do for a float. numpy's scalars count as what they hold.
_WIDER: dict[str, frozenset[str]] = {
    "builtins.bool": frozenset({"numpy.bool", "numpy.bool_"}),
    "builtins.int": frozenset({"numpy.integer"}),
    "builtins.float": frozenset({"builtins.int", "numpy.integer", "numpy.floating"}),
    "builtins.complex": frozenset({"builtins.int", "builtins.float", "numpy.number"}),
}


def type_satisfies(manifest: Manifest, annotation: object) -> bool:
    """Tell whether the recorded type can satisfy `annotation`.

    Generic aliases are decided by their origin (`list[int]` by `list`). What cannot be
    decided without importing or calling something is accepted: the call will tell.

    Args:
        manifest: of the bound version.
        annotation: of the parameter, resolved; `inspect.Parameter.empty` if it has none.

    Returns:
        False only if no value of the recorded type satisfies the annotation.
    """
    names = {normal_name(name) for name in (manifest.type, *manifest.bases)}
    recorded = normal_name(manifest.type)
    return any(_satisfies(recorded, names, member) for member in alternatives(annotation))


def class_satisfies(cls: type, annotation: object) -> bool:
    """Tell as `type_satisfies` whether values of `cls` can satisfy `annotation`."""
    names = {type_name(cls), *base_names(cls)}
    return any(_satisfies(type_name(cls), names, member) for member in alternatives(annotation))


def describe(annotation: object) -> str:
    """Spell an annotation for a message.

    Args:
        annotation: any annotation.

    Returns:
        For example `pandas.DataFrame`, `float | None`, `anything`.
    """
    if annotation is inspect.Parameter.empty or annotation is Any or annotation is object:
        return "anything"
    members = list(alternatives(annotation))
    return " | ".join(dict.fromkeys(_describe_one(member) for member in members)) or "nothing"


def _describe_one(member: object) -> str:
    if get_origin(member) is not None or not isinstance(member, type):
        return "anything" if member is Any else str(member).replace("typing.", "")
    if member is type(None):
        return "None"
    return type_name(member).removeprefix("builtins.")


def _satisfies(recorded: str, names: set[str], member: object) -> bool:
    literals = literal_types(member)
    if literals:
        return any(type_name(cls) in names for cls in literals)
    if member is Any or member is object or member is inspect.Parameter.empty:
        return True
    cls = get_origin(member) or member
    if is_typeddict(cls):
        return "builtins.dict" in names
    if not isinstance(cls, type):
        return True  # a forward reference, or a form that is not known here
    wanted = type_name(cls)
    if wanted in names or not names.isdisjoint(_WIDER.get(wanted, frozenset())):
        return True
    return _has_virtual_members(cls) and _is_subclass(recorded, cls)


def _has_virtual_members(cls: type) -> bool:
    # Pydantic's classes have this metaclass too, but nobody registers other classes there.
    return (isinstance(cls, abc.ABCMeta) and not issubclass(cls, BaseModel)) or is_protocol(cls)


def _is_subclass(recorded: str, cls: type) -> bool:
    known = imported_class(recorded)
    if known is None:
        return True
    try:
        return issubclass(known, cls)
    except TypeError:  # a protocol that is not for run time, or has data members
        return _has_methods(known, cls)


def _has_methods(known: type, protocol: type) -> bool:
    """Whether a class has the methods of a protocol; its data may be those of an instance."""
    members = get_protocol_members(protocol) if is_protocol(protocol) else ()
    methods = [name for name in members if callable(getattr(protocol, name, None))]
    # None is how a class says that it has not what its base has.
    return all(
        next((vars(base)[name] for base in known.__mro__ if name in vars(base)), None) is not None
        for name in methods
    )
