"""The recording of a stream: an iterator that shows each chunk to an accumulator on its way to the program.

The span ends once: read out, closed, failed, or forgotten.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from mutagent.guard import Guard, attempt, counted_by
from mutagent.integrations.engine import Call
from mutagent.integrations.shapes.errors import lost_event
from mutagent.integrations.spec import Chunks
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
        self.call.span.note("gen_ai.response.time_to_first_chunk", waited / 1e9)
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
        call.span.note("mutagent.stream.outcome", outcome)
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
            reason = _NOT_ASKED
        elif outcome != "completed":
            reason = _ENDED_EARLY
        else:
            return
        # The provider may have a reason of its own, and a framework's span one from another client.
        if self.call.frozen is not None:
            self.call.span.note("mutagent.usage.missing", reason)
        else:
            self.call.span.attributes.setdefault("mutagent.usage.missing", reason)

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
