"""A stand-in for a stream that has no inner iterator to replace: it forwards everything and passes for its type.

Programs ask a stream what it can do (``hasattr(stream, "__aiter__")``, ``isinstance(stream, Iterator)``), and the
special methods of a class answer for all of its instances. So each type of stream has a class of stand-ins of its own,
with the special methods which that type has, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, TypeVar

from mutagent.guard import attempt
from mutagent.integrations.recording import Recording

Kind = TypeVar("Kind")


class StandIn:
    """Forwards to ``stream``, whatever it is, and passes for its type."""

    __slots__ = ("__weakref__", "_mutagent_stream")
    _mutagent_stream: Any

    def __init__(self, stream: Any) -> None:
        object.__setattr__(self, "_mutagent_stream", stream)

    @property  # type: ignore[misc]  # mypy takes it for a field that can be set
    def __class__(self) -> Any:
        return type(self._mutagent_stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mutagent_stream, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._mutagent_stream, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._mutagent_stream, name)

    def __dir__(self) -> Any:
        return dir(self._mutagent_stream)

    def __repr__(self) -> str:
        return repr(self._mutagent_stream)

    def __str__(self) -> str:
        return str(self._mutagent_stream)

    def __hash__(self) -> int:
        return hash(self._mutagent_stream)

    def __eq__(self, other: object) -> bool:
        return bool(self._mutagent_stream == getattr(other, "_mutagent_stream", other))

    def __bool__(self) -> bool:
        return bool(self._mutagent_stream)


class StreamProxy(StandIn):
    """Its pieces come through ``recording``, which learns of its end."""

    __slots__ = ("_mutagent_recording",)
    _mutagent_recording: Recording

    def __init__(self, stream: Any, recording: Recording) -> None:
        super().__init__(stream)
        object.__setattr__(self, "_mutagent_recording", recording)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._mutagent_stream, name)
        watched = _METHODS.get(name)
        return found if watched is None else partial(watched, self, found)


def stand_in(stream: Any, recording: Recording) -> Any:
    """What the program gets in place of ``stream``."""
    kind: Any = type(stream)
    return _class_for(kind)(stream, recording)


@lru_cache(maxsize=64)
def _class_for(kind: type) -> type[StreamProxy]:
    return with_special(StreamProxy, kind, _SPECIAL)


def with_special(base: type[Kind], kind: type, special: Mapping[str, Callable[..., Any]]) -> type[Kind]:
    """A class of stand-ins for ``kind``: ``base`` with those of the ``special`` methods that ``kind`` has."""
    own = {name: method for name, method in special.items() if hasattr(kind, name)}
    return type(kind.__name__, (base,), {"__slots__": (), "__module__": kind.__module__, **own})


def _iter(self: StreamProxy) -> Any:
    if hasattr(type(self._mutagent_stream), "__next__"):
        return self
    return _rebased(self._mutagent_recording, iter(self._mutagent_stream))


def _next(self: StreamProxy) -> Any:
    return next(self._mutagent_recording)


def _aiter(self: StreamProxy) -> Any:
    if hasattr(type(self._mutagent_stream), "__anext__"):
        return self
    return _rebased(self._mutagent_recording, self._mutagent_stream.__aiter__())


def _anext(self: StreamProxy) -> Any:
    return self._mutagent_recording.__anext__()


def _enter(self: StreamProxy) -> Any:
    entered = self._mutagent_stream.__enter__()
    return self if entered is self._mutagent_stream else entered


def _exit(self: StreamProxy, *details: Any) -> Any:
    return _close(self, self._mutagent_stream.__exit__, *details)


async def _aenter(self: StreamProxy) -> Any:
    entered = await self._mutagent_stream.__aenter__()
    return self if entered is self._mutagent_stream else entered


async def _aexit(self: StreamProxy, *details: Any) -> Any:
    return await _aclose(self, self._mutagent_stream.__aexit__, *details)


def _rebased(recording: Recording, inner: Any) -> Recording:
    recording.inner = inner
    return recording


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: StreamProxy, *args: Any) -> Any:
        return getattr(type(self._mutagent_stream), name)(self._mutagent_stream, *args)

    return method


_SPECIAL: dict[str, Callable[..., Any]] = {
    "__iter__": _iter,
    "__next__": _next,
    "__aiter__": _aiter,
    "__anext__": _anext,
    "__enter__": _enter,
    "__exit__": _exit,
    "__aenter__": _aenter,
    "__aexit__": _aexit,
    **{name: _forwarded(name) for name in ("__len__", "__contains__", "__getitem__", "__call__", "__await__")},
}


def _close(self: StreamProxy, close: Callable[..., Any], *args: Any) -> Any:
    try:
        closing = close(*args)
    finally:
        self._mutagent_recording.finish("closed")
    return closing


async def _aclose(self: StreamProxy, close: Callable[..., Any], *args: Any) -> Any:
    try:
        return await close(*args)
    finally:
        self._mutagent_recording.finish("closed")


def _send(self: StreamProxy, send: Callable[[Any], Any], value: Any) -> Any:
    return next(self._mutagent_recording) if value is None else _step(self, send, value)


def _step(self: StreamProxy, step: Callable[..., Any], *args: Any) -> Any:
    return self._mutagent_recording.stepped(step, *args)


async def _async_step(self: StreamProxy, step: Callable[..., Any], *args: Any) -> Any:
    recording = self._mutagent_recording
    try:
        piece = await step(*args)
    except BaseException as error:
        recording.stopped(error)
        raise
    if not recording.ended:
        attempt(recording.call.traced, "chunk", recording.take or recording.first, piece)
    return piece


_METHODS: dict[str, Callable[..., Any]] = {
    "close": _close, "aclose": _aclose,
    "send": _send, "throw": _step, "asend": _async_step, "athrow": _async_step,
}  # fmt: skip
