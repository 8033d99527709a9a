"""A call's arguments as bytes, where they are data and not large.

Bytes stay what they were at the call, whatever the program does to its objects afterwards, and to take them is one
function in C: 6 µs for a request with six tools, where reading it takes 70.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from mutagent.capture.kinds import kind_of
from mutagent.capture.plain import fields_of
from mutagent.capture.snapshot import max_bytes
from mutagent.guard import is_of_a_handler
from mutagent.integrations.shapes.request import TRANSPORT

# Arguments but for the tools, and those.
Given = tuple[bytes, bytes | None]
# Tools are the same from call to call, and most of what there is to read of many a request.
_APART = TRANSPORT | {"tools"}


class _NotKept(Exception):
    """A request is more than data, or larger than what is recorded of one."""


class _Pieces(list[bytes]):
    """What a pickler writes to: pieces of 64 KB, and longer texts in one."""

    __slots__ = ()

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self.append(piece)
        if sum(map(len, self)) > max_bytes():
            raise _NotKept


class Omit:
    """Stands for a client library's own "not given", of which it has the name: see :func:`capture.plain.is_unset`."""


# By the id of the base: a value of a class of its own (an enum's member, a number of NumPy's) as that of the base.
_EXACT: dict[int, tuple[type, Callable[[Any], Any]]] = {
    id(str): (str, str.__str__),
    id(int): (int, lambda value: int.__add__(value, 0)),
    id(float): (float, lambda value: float.__add__(value, 0.0)),
}
_MADE_BY = frozenset({id(dict), id(Omit), *_EXACT})


class _Pickler(pickle.Pickler):
    """Takes None, bools and exact ints, floats, strings, bytes, dicts, lists, tuples and sets; little else, as such.

    https://docs.python.org/3/library/pickle.html#pickle.Pickler.reducer_override: it is asked for everything but
    those, and before any method of an object's own. `marshal` takes half the time, and takes a NumPy number for bytes.
    """

    models: frozenset[int] = frozenset()

    def reducer_override(self, obj: Any) -> Any:
        """A pydantic model, such as a message of an earlier answer, as a dict of its fields; what else is data."""
        if id(obj) in _MADE_BY:
            return NotImplemented
        kind = kind_of(type(obj))
        if kind.is_unset:  # which may be a model
            return Omit, ()
        # One that has a hash may stand where a dict can't: in a set. One that is asked for twice holds itself.
        if kind.extra is not None and not kind.hashes and id(obj) not in self.models:
            self.models |= {id(obj)}
            return dict, (fields_of(obj, kind),)
        if kind.plain not in _EXACT:
            raise _NotKept
        base, exact = _EXACT[kind.plain]
        return base, (exact(obj),)


def pickled(arguments: dict[str, Any]) -> Given | None:
    """The arguments of a call as bytes, without those of the transport; None where they have to be read at once."""
    tools = None
    if not _APART.isdisjoint(arguments):
        tools = arguments.get("tools")
        if type(tools) is not list or not tools:
            tools = None
        apart = TRANSPORT if tools is None else _APART
        arguments = {name: value for name, value in arguments.items() if name not in apart}
    try:
        return _bytes_of(arguments), None if tools is None else _bytes_of(tools)
    except _NotKept:
        return None
    except Exception as error:
        if not is_of_a_handler(error):
            return None  # nested too deeply, or written to by another thread meanwhile
        raise


def _bytes_of(value: Any) -> bytes:
    pieces = _Pieces()
    _Pickler(pieces, 5).dump(value)
    return b"".join(pieces)
