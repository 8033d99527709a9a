"""A stream is one span however the program leaves it; what it gets is what it would get without us."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
from collections import abc
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.testing import capture
from mutagent.tracing import SpanOptions, end_span, get_current_span, start_span
from mutagent.tracing.failure import message
from tests.integrations.contract.program import (
    change,
    every_async_stream,
    every_stream,
    every_sync_stream,
    failed,
    meeting,
    raised_by,
    run,
    seen,
)
from tests.integrations.situations import Situation
from tests.integrations.spans import with_attributes
from tests.integrations.surfaces import Surface
from tests.integrations.ways import ASYNC

KINDS = (
    abc.Iterable,
    abc.Iterator,
    abc.Generator,
    abc.AsyncIterable,
    abc.AsyncIterator,
    abc.AsyncGenerator,
    AbstractContextManager,
    AbstractAsyncContextManager,
)
ABILITIES = ("__iter__", "__next__", "__aiter__", "__anext__", "__enter__", "__aenter__", "__len__", "close", "aclose")
# Said of every stream that had not told its usage yet, but those that can be asked for it.
ENDED_EARLY = "the stream ended before the chunk that carries the usage"


def left(surface: Surface, outcome: str) -> dict[str, Any]:
    assert surface.left is not None
    span = surface.here(surface.left)
    if "tokens" not in span and "mutagent.usage.missing" not in span["attributes"]:
        span = with_attributes(span, mutagent__usage__missing=ENDED_EARLY)
    return with_attributes(span, mutagent__stream__outcome=outcome)


@every_stream
def test_a_stream_that_is_read_out_is_one_whole_span(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        return await way.rest(await surface.stream(way, client))

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.here(surface.streamed)]


@every_stream
def test_a_stream_that_is_closed_early_keeps_what_had_arrived(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        stream, _pieces = await surface.begun(way, client)
        await way.close(stream)
        return seen(captured)

    assert run(surface, way, server_of(surface), program) == [left(surface, "closed")]
    assert len(captured.spans) == 1


@every_stream
def test_a_stream_whose_block_is_left_early_keeps_what_had_arrived(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        stream = await surface.stream(way, client)
        pieces = way.iterator(await way.enter(stream))
        await way.next(pieces)
        await way.next(pieces)
        await way.leave(stream)
        return seen(captured)

    assert run(surface, way, server_of(surface), program) == [left(surface, "closed")]


@every_sync_stream
@pytest.mark.filterwarnings("ignore:unclosed")  # the program's own carelessness, which is what is tested
def test_a_stream_that_is_forgotten_ends_when_it_is_collected(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        stream, pieces = await surface.begun(way, client)
        assert captured.spans == []
        del stream, pieces
        gc.collect()
        return seen(captured)

    assert run(surface, way, server_of(surface), program) == [left(surface, "abandoned")]


@every_async_stream
@pytest.mark.filterwarnings("ignore:unclosed")
def test_an_async_stream_that_is_forgotten_ends_when_it_is_collected(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        stream, pieces = await surface.begun(way, client)
        del stream, pieces
        gc.collect()
        await asyncio.sleep(0)

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [left(surface, "abandoned")]


@meeting(Situation.CUT)
def test_a_connection_that_breaks_in_mid_stream_is_an_error_with_what_had_arrived(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        stream = await surface.stream(way, client)
        try:
            await way.rest(stream)
        finally:
            await way.close(stream)

    error = raised_by(lambda: run(surface, way, server_of(surface, Situation.CUT), program))
    # Some wrap the exception of another library, of which no code is run for the message.
    assert seen(captured) == [failed(left(surface, "failed"), error, text=message(error))]


@meeting(Situation.FAILED)
def test_an_error_event_in_mid_stream_fails_the_span(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        stream = await surface.stream(way, client)
        try:
            await way.rest(stream)
        except Exception as error:  # noqa: BLE001 - which one is the library's affair
            return error
        finally:
            await way.close(stream)
        return None

    raised = run(surface, way, server_of(surface, Situation.FAILED), program)
    (span,) = seen(captured)
    assert span["status"] == "error"
    assert "Overloaded" in span["error"]
    assert span["attributes"]["mutagent.error.code"]
    # Some send the error as an event like any other; most clients raise.
    assert span["attributes"]["mutagent.stream.outcome"] == ("completed" if raised is None else "failed")


@meeting(Situation.HUNG, ASYNC)
def test_a_cancelled_stream_fails_with_what_had_arrived(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        async def read_out() -> None:
            stream, pieces = await surface.begun(way, client)
            try:
                reached.set()
                await way.next(pieces)
            finally:
                await way.close(stream)

        reached = asyncio.Event()
        task = asyncio.create_task(read_out())
        await reached.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(surface, way, server_of(surface, Situation.HUNG), program)
    assert seen(captured) == [failed(left(surface, "failed"), asyncio.CancelledError())]


@every_stream
def test_a_stream_looks_and_gives_as_it_does_without_us(surface, way, server_of):
    async def program(client: Any) -> Any:
        stream = await surface.stream(way, client)
        can = [name for name in ABILITIES if hasattr(stream, name)]
        passes_for = [kind for kind in KINDS if isinstance(stream, kind)]
        looks = (stream.__class__, sorted(dir(stream)), can, passes_for)
        pieces = [surface.plain(piece) for piece in await way.rest(stream)]
        await way.close(stream)
        return looks, pieces

    alone = run(surface, way, server_of(surface), program)
    hooks.install()
    try:
        with capture():
            assert run(surface, way, server_of(surface), program) == alone
    finally:
        hooks.uninstall()


@every_stream
def test_the_programs_span_is_current_again_between_chunks(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        outer = start_span(SpanOptions(kind="chain", name="outer"))
        _stream, pieces = await surface.begun(way, client)
        assert get_current_span().span_id == outer.span_id
        inner = start_span(SpanOptions(kind="chain", name="between"))
        await way.rest(pieces)
        end_span(inner)
        end_span(outer)

    run(surface, way, server_of(surface), program)
    assert captured.tree() == [["outer", [[surface.streamed["name"], []], ["between", []]]]]


@every_stream
def test_what_is_changed_after_the_call_is_not_in_its_span(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        arguments = copy.deepcopy({**surface.arguments, **surface.streaming})
        stream = surface.stream_in(await way.call(surface.bound(way, client), **arguments))
        pieces = way.iterator(stream)
        if surface.lazy:
            await way.next(pieces)  # only now is the request sent
        change(arguments)
        await way.rest(pieces)

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.here(surface.streamed)]
    assert "changed since" not in json.dumps(captured.spans)
