"""Streams, watched from inside: the program keeps its own stream object, with its type, methods and attributes.

Where a stream reads from an inner iterator, that iterator is replaced by a recording one. Where it has none (a
generator), a proxy that forwards everything stands for it. The span ends once: read out, closed, failed, or forgotten.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from mutagent.capture.kinds import kind_of
from mutagent.guard import Guard, attempt, counted_by
from mutagent.integrations.engine import Call
from mutagent.integrations.shapes.errors import lost_event, request_id_of
from mutagent.integrations.spec import Chunks, Integration, Iteration
from mutagent.tracing import context

# Looked up once: they are called three times a chunk.
_current, _make_current = context.current.get, context.current.set
# Of what counts tokens, where a stream told none: what its program can do about it, or why it is so.
_COUNTS = ("llm.chat", "llm.completion")
_NOT_ASKED = "the stream carried no usage: pass stream_options={'include_usage': True} or set MUTAGENT_STREAM_USAGE=1"
_ENDED_EARLY = "the stream ended before the chunk that carries the usage"


class Recording:
    """An iterator, sync or async, that shows each chunk to the accumulator on its way to the program."""

    __slots__ = ("__weakref__", "call", "chunks", "ended", "hides", "inner", "span", "started", "take")

    def __init__(self, call: Call, inner: Any) -> None:
        assert call.traced.target.chunks is not None
        self.call = call
        self.span = call.span
        self.inner = inner
        self.chunks: Chunks = call.traced.target.chunks()
        self.hides = call.traced.target.hides if call.asked_usage else None
        self.started = False
        self.ended = False
        # Takes what a chunk says; True where the program never asked for it. Never a method of this object's: that
        # would keep a forgotten stream, and the connection behind it, until the garbage collector comes by.
        self.take: Callable[[Any], bool | None] | None = None

    def __iter__(self) -> Any:
        return self

    def __aiter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        while True:
            outer = _current()
            _make_current(self.span)
            try:
                chunk = next(self.inner)
            except BaseException as error:
                self.stopped(error)
                raise
            finally:
                _make_current(outer)
            if self.shows(chunk):
                return chunk

    async def __anext__(self) -> Any:
        while True:
            outer = _current()
            _make_current(self.span)
            try:
                chunk = await self.inner.__anext__()
            except BaseException as error:
                self.stopped(error)
                raise
            finally:
                _make_current(outer)
            if self.shows(chunk):
                return chunk

    def shows(self, chunk: Any) -> bool:
        """Record a chunk; whether the program gets it."""
        hidden: bool | None = False
        try:
            hidden = (self.take or self.first)(chunk)
        except Exception as error:
            if not counted_by(self.call.traced, "chunk", error):
                raise
        return hidden is not True

    def first(self, chunk: Any) -> bool | None:
        """Take the first chunk, and the time that it took."""
        self.started = True
        waited = perf_counter_ns() - self.call.span.start_tick
        self.call.span.attributes["gen_ai.response.time_to_first_chunk"] = waited / 1e9
        # Straight to the accumulator where nothing is hidden: there are hundreds of chunks to a call.
        take = self.chunks.feed if self.hides is None else functools.partial(_taken, self.chunks.feed, self.hides)
        self.take = take
        return take(chunk)

    def stopped(self, error: BaseException) -> None:
        """The inner iterator ended, or failed."""
        if isinstance(error, (StopIteration, StopAsyncIteration)):
            self.finish("completed")
        elif isinstance(error, GeneratorExit):
            self.finish("closed")
        else:
            self.finish("failed", error)

    def finish(self, outcome: str, error: BaseException | None = None) -> None:
        """End the span with what has arrived; later calls do nothing."""
        if self.ended:
            return
        self.ended = True
        call = self.call
        if call.is_part and call.span.duration_ns is not None:
            return  # who made the call knew that nothing more would come
        attempt(call.traced, "stream", self.record_chunks, outcome, error)
        call.span.attributes["mutagent.stream.outcome"] = outcome
        if error is None:
            call.end()
        else:
            call.failed(error)

    def record_chunks(self, outcome: str, error: BaseException | None) -> None:
        """Record what the chunks so far amount to."""
        lost = None if error is None else lost_event(error)
        if lost is not None:
            self.chunks.feed(lost)
        found = self.chunks.response()
        self.call.record_response(found)
        if self.started and found.usage is None and self.call.traced.target.kind in _COUNTS:
            self.say_missing(outcome)
        self.call.traced.failures = 0

    def say_missing(self, outcome: str) -> None:
        """Say why nothing is known of the usage; of a stream that was read out and can't be asked, nothing is."""
        if self.call.traced.target.ask_usage is not None:
            self.call.span.attributes.setdefault("mutagent.usage.missing", _NOT_ASKED)
        elif outcome != "completed":
            self.call.span.attributes.setdefault("mutagent.usage.missing", _ENDED_EARLY)

    def send(self, value: Any) -> Any:
        """Forward to a generator."""
        return next(self) if value is None else self.stepped(self.inner.send, value)

    def throw(self, *exception: Any) -> Any:
        """Forward to a generator."""
        return self.stepped(self.inner.throw, *exception)

    def stepped(self, step: Callable[..., Any], *args: Any) -> Any:
        """What one step of the inner generator gives, recorded."""
        try:
            piece = step(*args)
        except BaseException as error:
            self.stopped(error)
            raise
        if not self.ended:
            attempt(self.call.traced, "chunk", self.take or self.first, piece)
        return piece

    def close(self) -> None:
        """Close the inner iterator; the span ends with what had arrived."""
        self.inner.close()
        self.finish("closed")

    async def aclose(self) -> None:
        """Close the inner iterator; the span ends with what had arrived."""
        await self.inner.aclose()
        self.finish("closed")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __del__(self) -> None:
        with Guard("forgotten stream"):
            if not self.ended:
                self.finish("abandoned")


class Decoding(Recording):
    """The recording of a stream that decodes what its library has received, and runs none of the program's code.

    So its span need not be current meanwhile. That, and a generator's steps in the place of a method's, save a third of
    what a chunk costs.
    """

    __slots__ = ()

    def __iter__(self) -> Any:
        inner = self.inner
        while True:
            try:
                chunk = next(inner)
            except StopIteration as error:
                self.stopped(error)
                return
            except BaseException as error:
                self.stopped(error)
                raise
            # As in shows(), here and not by a call: a twentieth of what a chunk costs.
            hidden: bool | None = False
            try:
                hidden = (self.take or self.first)(chunk)
            except Exception as error:
                if not counted_by(self.call.traced, "chunk", error):
                    raise
            if hidden is not True:
                yield chunk

    def __next__(self) -> Any:
        # By a generator that is not kept: it holds this object, which must go when the stream does.
        for chunk in self:
            return chunk
        raise StopIteration

    async def __anext__(self) -> Any:
        while True:
            try:
                chunk = await self.inner.__anext__()
            except BaseException as error:
                self.stopped(error)
                raise
            if self.shows(chunk):
                return chunk


def _taken(feed: Callable[[Any], None], hides: Callable[[Any], bool], chunk: Any) -> bool:
    feed(chunk)
    return hides(chunk)


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
        call.span.attributes["mutagent.request_id"] = request_id


def closed_early(stream: Any, iterator: str) -> None:
    """The program has closed a stream, whose iterator is a recording where it is watched."""
    found = getattr(stream, iterator, None)
    recording = found.recording if type(found) is Watched else found
    if isinstance(recording, Recording):
        recording.finish("closed")
