"""Streams, watched from inside: the program keeps its own stream object, with its type, methods and attributes.

Where a stream reads from an inner iterator, that iterator is replaced by a recording one. Where it has none (a
generator), a proxy that forwards everything stands for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from mutagent.capture.kinds import kind_of
from mutagent.guard import attempt
from mutagent.integrations.engine import Call
from mutagent.integrations.recording import Decoding, Recording
from mutagent.integrations.shapes.errors import request_id_of
from mutagent.integrations.spec import Integration, Iteration


def record(call: Call, stream: Any) -> Any:
    """Watch a stream and return what the program gets: the same object, or a proxy for a plain generator."""
    attempt(call.traced, "stream headers", _record_headers, call, stream)
    name = call.traced.integration.iterator
    inner = getattr(stream, name, None)
    if inner is not None and not isinstance(inner, (Recording, Watched)):
        recording = (Decoding if call.traced.integration.decodes else Recording)(call, inner)
        setattr(stream, name, Watched(inner, recording) if _makes_iterators(call, stream) else recording)
        return stream
    from mutagent.integrations.proxy import stand_in

    return stand_in(stream, Recording(call, stream))


class Watched:
    """Stands before what a stream makes its iterators of, and holds the recording of what those give."""

    __slots__ = ("inner", "recording")

    def __init__(self, inner: Any, recording: Recording) -> None:
        self.inner = inner
        self.recording = recording

    def __iter__(self) -> Any:
        return self.inner

    def __next__(self) -> Any:
        return next(self.inner)

    def __aiter__(self) -> Any:
        return self.inner

    def __anext__(self) -> Any:
        return self.inner.__anext__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _makes_iterators(call: Call, stream: Any) -> bool:
    return is_of(call.traced.integration, Iteration, stream)


def is_of(integration: Integration, piece: Any, value: Any) -> bool:
    """Whether a piece of this class (:class:`Iteration`, :class:`Raw`) is about a value's class."""
    return not _class_names(integration, piece).isdisjoint(kind_of(type(value)).names)


@functools.lru_cache(maxsize=256)
def _class_names(integration: Integration, piece: Any) -> frozenset[str]:
    return frozenset(each.class_name for each in integration.pieces if isinstance(each, piece))


def iterating_wrapper(iterator: str, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Around a stream's ``__iter__`` or ``__aiter__``: gives the recording of a stream that is watched."""

    @functools.wraps(original)
    def wrapper(self: Any) -> Any:
        made = original(self)
        watched = getattr(self, iterator, None)
        if type(watched) is not Watched or watched.recording.ended:
            return made
        watched.recording.inner = made
        return watched.recording

    return wrapper


def _record_headers(call: Call, stream: Any) -> None:
    # Streams of events have a response, those of lines an HTTP response.
    http_response = getattr(stream, "response", None) or getattr(stream, "http_response", None)
    request_id = request_id_of(http_response)
    if request_id is not None:
        call.span.note("mutagent.request_id", request_id)


def closed_early(stream: Any, iterator: str) -> None:
    """The program has closed a stream, whose iterator is a recording where it is watched."""
    found = getattr(stream, iterator, None)
    recording = found.recording if type(found) is Watched else found
    if isinstance(recording, Recording):
        recording.finish("closed")
