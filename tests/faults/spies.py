"""Values whose every method takes note of being run, and then answers, raises or never gets to an end.

A value is described by data, so that the very same one can be made twice: for a call without us and for one with us.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

# Each description is its kind and what the maker of that kind takes.
Description = tuple[str, Any]
Notes = list[str]

_METHODS = (
    "__repr__", "__str__", "__len__", "__iter__", "__eq__", "__hash__", "__bool__", "__getitem__", "__contains__",
    "__call__", "__format__", "__bytes__", "__int__", "__float__", "__index__", "__fspath__", "__reduce_ex__",
    "__copy__", "__deepcopy__", "__dir__", "__next__", "__enter__", "__array__", "__lt__", "__add__", "__sizeof__",
    "keys", "items", "values", "get", "to_dict", "dict", "json", "model_dump", "tolist", "isoformat", "read", "encode",
)  # fmt: skip
# What these methods must return for Python not to complain on its own.
_ANSWERS: dict[str, Any] = {
    "__repr__": "spy", "__str__": "spy", "__format__": "spy", "__len__": 1, "__hash__": 7, "__bool__": True,
    "__eq__": False, "__contains__": False, "__bytes__": b"", "__int__": 1, "__index__": 1, "__float__": 1.0,
    "__fspath__": "spy", "__sizeof__": 1, "__lt__": False,
}  # fmt: skip


class Never(BaseException):
    """Stands for a method that never ends: no ``except Exception`` of ours could hide that it was run."""


def _method(name: str, mood: str, notes: Notes) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        notes.append(name)
        if mood == "raises":
            raise ArithmeticError(name)
        if mood == "never ends":
            raise Never(name)
        return iter(()) if name == "__iter__" else _ANSWERS.get(name)

    return method


def _spying(mood: str, notes: Notes, base: type = object) -> type:
    given = set(dir(base)) - {"__hash__", "__eq__"}
    names = [name for name in _METHODS if base is object or name in given]
    methods: dict[str, Any] = {name: _method(name, mood, notes) for name in names}
    methods.setdefault("__hash__", base.__hash__)
    methods["secret"] = property(_method("secret", mood, notes))
    if base is object:
        methods["__getattr__"] = lambda self, name: (notes.append(name), object.__getattribute__(self, name))[1]
    return type("Spy", (base,), {**methods, "__module__": "spies", "__slots__": ()})


def _of_spying_metaclass(mood: str, notes: Notes) -> Any:
    """An object whose class has methods of its own for being compared and asked."""
    names = ("__eq__", "__hash__", "__instancecheck__", "__subclasscheck__", "__repr__")
    methods = {name: _method(name, mood, notes) for name in names}
    return type("Meta", (type,), methods)("OfMeta", (), {"__module__": "spies"})()


def _generator(notes: Notes) -> Iterator[int]:
    notes.append("consumed")
    yield 1


class _File(io.StringIO):
    def __init__(self, notes: Notes) -> None:
        super().__init__("content of the file")
        self.notes = notes

    def read(self, size: int | None = -1) -> str:
        self.notes.append("read")
        return super().read(size)

    def __next__(self) -> str:
        self.notes.append("read a line")
        return super().__next__()


def _model(notes: Notes) -> Any:
    import pydantic

    class Forbidding(pydantic.BaseModel):
        """Refuses to be read except by its own methods."""

        text: str = "kept"

        @pydantic.computed_field  # type: ignore[prop-decorator]
        @property
        def computed(self) -> str:
            notes.append("computed")
            return "computed"

        @pydantic.model_serializer(mode="wrap")
        def serialized(self, handler: Any) -> Any:
            notes.append("serialized")
            return handler(self)

    return Forbidding()


def _tensor(_: Any, notes: Notes) -> Any:
    import numpy

    return numpy.arange(1_000_000)


def _cycle(kind: str, _: Notes) -> Any:
    if kind == "list":
        whole: Any = []
        whole.append(whole)
        return whole
    whole = {}
    whole["content"] = whole
    return whole


def _nested(depth: int, _: Notes) -> Any:
    whole: Any = "bottom"
    for _number in range(depth):
        whole = [whole]
    return whole


_MAKERS: dict[str, Callable[[Any, Notes], Any]] = {
    "plain": lambda value, notes: value,
    "text": lambda size, notes: "long " * size,
    "list": lambda inner, notes: [made(each, notes) for each in inner],
    "tuple": lambda inner, notes: tuple(made(each, notes) for each in inner),
    "dict": lambda inner, notes: {name: made(each, notes) for name, each in inner},
    "many": lambda count, notes: [{"role": "user", "content": f"turn {number}"} for number in range(count)],
    "spy": lambda mood, notes: _spying(mood, notes)(),
    "meta": _of_spying_metaclass,
    "class": lambda mood, notes: _spying(mood, notes),
    "str": lambda mood, notes: _spying(mood, notes, str)("text below"),
    "int": lambda mood, notes: _spying(mood, notes, int)(5),
    "float": lambda mood, notes: _spying(mood, notes, float)(0.5),
    "dict below": lambda mood, notes: _spying(mood, notes, dict)(role="user", content="below"),
    "list below": lambda mood, notes: _spying(mood, notes, list)([{"role": "user", "content": "below"}]),
    "generator": lambda _, notes: _generator(notes),
    "file": lambda _, notes: _File(notes),
    "model": lambda _, notes: _model(notes),
    "tensor": _tensor,
    "cycle": _cycle,
    "nested": _nested,
}  # fmt: skip


def made(description: Description, notes: Notes) -> Any:
    """The value of a description; ``notes`` takes the names of its methods as they are run."""
    kind, given = description
    return _MAKERS[kind](given, notes)


_moods = st.sampled_from(["answers", "raises", "never ends"])
_plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=20),
    st.sampled_from(["\ud800", "\udfff lone", "\x00", 10**400, float("nan"), float("inf"), ...]),
)  # fmt: skip
_leaves: st.SearchStrategy[Description] = st.one_of(
    st.tuples(st.just("plain"), _plain),
    st.tuples(st.sampled_from(["spy", "meta", "class", "str", "int", "float", "dict below", "list below"]), _moods),
    st.tuples(st.sampled_from(["generator", "file", "model", "tensor"]), st.none()),
    st.tuples(st.just("cycle"), st.sampled_from(["list", "dict"])),
    st.tuples(st.just("nested"), st.sampled_from([30, 300, 3000])),
    st.tuples(st.just("text"), st.sampled_from([1, 100_000])),
    st.tuples(st.just("many"), st.sampled_from([3, 10_000])),
)
_names = st.sampled_from(["role", "content", "type", "text", "name", "tool_calls", "arguments", "x" * 300, "\ud800"])
descriptions: st.SearchStrategy[Description] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["list", "tuple"]), st.lists(inner, max_size=3)),
        st.tuples(st.just("dict"), st.lists(st.tuples(_names, inner), max_size=3)),
    ),
    max_leaves=6,
)
