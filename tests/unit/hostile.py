"""Objects whose every method betrays that it was run."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


class Ran(BaseException):
    """User code ran while something was recorded. No Exception: no guard of ours may hide it."""


def betray(*args: Any, **kwargs: Any) -> Any:
    """What every hostile method does."""
    raise Ran(str(args[1:]))


METHODS = (
    "__repr__", "__str__", "__len__", "__iter__", "__eq__", "__ne__", "__hash__", "__bool__", "__getattr__",
    "__getattribute__", "__getitem__", "__contains__", "__reversed__", "__call__", "__format__", "__bytes__",
    "__int__", "__float__", "__index__", "__fspath__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__",
    "__dir__", "__sizeof__", "__instancecheck__", "__next__", "__enter__", "__await__", "__array__", "__json__",
    "__lt__", "__add__", "__dataclass_fields__", "keys", "items", "values", "get", "to_dict", "dict", "json",
    "model_dump", "tolist", "isoformat", "read", "encode", "strip", "lower", "as_integer_ratio", "bit_length",
)  # fmt: skip


class HostileMeta(type):
    """A class whose own attributes can't be asked for either."""

    def __getattribute__(cls, name: str) -> Any:
        raise Ran(name)

    def __instancecheck__(cls, instance: Any) -> bool:
        raise Ran("instancecheck")

    def __subclasscheck__(cls, subclass: type) -> bool:
        raise Ran("subclasscheck")

    def __eq__(cls, other: object) -> bool:
        raise Ran("class eq")

    __hash__ = type.__hash__

    def mro(cls) -> list[type]:
        return type.mro(cls)


def hostile(*bases: type, meta: type = type, **more: Any) -> type:
    """A class below ``bases`` in which every method, and every property, betrays that it was run."""
    names = {name: betray for name in METHODS if name not in ("__getattribute__", "__hash__") or not bases}
    names["__hash__"] = object.__hash__ if bases else betray
    names["__module__"] = "hostile"
    names["secret"] = property(betray)
    names["__class__"] = property(betray)
    return meta("Hostile", bases, {**names, **more})


class Colour(enum.Enum):
    """An enum with a value of its own kind."""

    RED = {"r": 255}

    def __str__(self) -> str:
        return betray(self)


class Level(str, enum.Enum):
    """An enum of strings."""

    HIGH = "high"


@dataclass
class Point:
    """A dataclass that betrays its repr and its property."""

    x: int
    tags: list[str] = field(default_factory=list)

    @property
    def secret(self) -> int:
        return betray(self)

    __repr__ = betray


@dataclass(slots=True)
class SlottedPoint:
    """A dataclass without a dict, one of whose fields may be unset."""

    x: int
    y: int = 0


class Frame:
    """Looks like a DataFrame: columns, iteration, an ambiguous truth."""

    def __init__(self) -> None:
        object.__setattr__(self, "data", [[1]])

    __bool__ = __len__ = __iter__ = __getitem__ = __getattr__ = __repr__ = to_dict = to_json = betray
