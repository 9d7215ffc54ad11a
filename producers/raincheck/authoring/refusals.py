"""What an unresolved handle refuses, as one table, and the class that refuses it.

A handle stands for a value that exists only when a step starts. Whatever would need the
value now raises `UnresolvedReferenceError`; the alternative would be a wrong answer that
nobody sees. Identity, hashing and `repr` need no value and work, so that handles can be
kept in dicts, sets and caches and shown by debuggers.
"""

from collections.abc import Callable
from typing import NoReturn, Self

from typing_extensions import override

from raincheck_contracts.errors import UnresolvedReferenceError

#: Special method -> what the author tried, in words.
REFUSED: dict[str, str] = {
    "__bool__": "taking its truth value",
    "__eq__": "comparing with ==",
    "__ne__": "comparing with !=",
    "__lt__": "comparing with <",
    "__le__": "comparing with <=",
    "__gt__": "comparing with >",
    "__ge__": "comparing with >=",
    "__len__": "len()",
    "__length_hint__": "len()",
    "__iter__": "iterating or unpacking",
    "__reversed__": "reversed()",
    "__contains__": "the test with `in`",
    "__getitem__": "indexing",
    "__setitem__": "setting an item",
    "__delitem__": "deleting an item",
    "__setattr__": "setting an attribute",
    "__delattr__": "deleting an attribute",
    "__call__": "calling it",
    "__enter__": "using it in a with statement",
    "__exit__": "using it in a with statement",
    "__await__": "await",
    "__aiter__": "async for",
    "__int__": "int()",
    "__float__": "float()",
    "__complex__": "complex()",
    "__index__": "using it as an index",
    "__round__": "round()",
    "__trunc__": "math.trunc()",
    "__floor__": "math.floor()",
    "__ceil__": "math.ceil()",
    "__str__": "str() or formatting",
    "__format__": "formatting",
    "__bytes__": "bytes()",
    "__fspath__": "using it as a path",
    "__array__": "making a numpy array of it",
    "__array_ufunc__": "a numpy operation",
    "__reduce__": "pickling",
    "__reduce_ex__": "pickling",
    "__neg__": "arithmetic (-)",
    "__pos__": "arithmetic (+)",
    "__abs__": "abs()",
    "__invert__": "arithmetic (~)",
}
_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "divmod": "divmod",
    "pow": "**",
    "matmul": "@",
    "lshift": "<<",
    "rshift": ">>",
    "and": "&",
    "or": "|",
    "xor": "^",
}
for _name, _sign in _OPERATORS.items():
    REFUSED[f"__{_name}__"] = f"arithmetic ({_sign})"
    REFUSED[f"__r{_name}__"] = f"arithmetic ({_sign})"


class Unresolved:
    """Base of all handles: immutable, told apart and hashed by identity.

    A copy of a handle is the handle itself.
    """

    __slots__ = ("_subject",)
    __hash__ = object.__hash__

    _subject: str
    """What the handle stands for, as a person writes it."""

    def __init__(self, subject: str) -> None:
        set_slots(self, _subject=subject)

    @override
    def __repr__(self) -> str:
        return f"<unresolved {getattr(self, '_subject', '?')}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self


def set_slots(handle: Unresolved, **values: object) -> None:
    """Set the slots of a handle, which refuses assignment from outside."""
    for name, value in values.items():
        object.__setattr__(handle, name, value)


def subject_of(handle: Unresolved) -> str:
    """What a handle stands for, as a person writes it."""
    return str(object.__getattribute__(handle, "_subject"))


def refusal(handle: Unresolved, operation: str) -> UnresolvedReferenceError:
    """The error for an operation that needs the value."""
    return UnresolvedReferenceError(subject_of(handle), operation)


def _refusing(operation: str) -> Callable[..., NoReturn]:
    def refuse(self: Unresolved, *_: object, **__: object) -> NoReturn:
        raise refusal(self, operation)

    return refuse


def _refuse_attribute(self: Unresolved, name: str) -> NoReturn:
    # Names with an underscore are how libraries ask what an object is: they get the
    # ordinary answer. A public name is an author who takes the handle for its value.
    if name.startswith("_"):
        raise AttributeError(name=name, obj=self)
    raise refusal(self, f"reading .{name}")


# By table and not by hand, and out of sight of type checkers, which then report the
# same expressions as errors of their own.
for _method, _operation in REFUSED.items():
    setattr(Unresolved, _method, _refusing(_operation))
setattr(Unresolved, "__getattr__", _refuse_attribute)  # noqa: B010 - see above
