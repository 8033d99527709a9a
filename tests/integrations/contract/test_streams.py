"""A stream is one span however the program leaves it; what it gets is what it would get without us."""

from __future__ import annotations

import asyncio
import gc
import importlib
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.demo.provider import Rule
from mutagent.testing import capture
from mutagent.tracing import SpanOptions, end_span, get_current_span, start_span
from tests.integrations.contract.program import every_stream, every_way, exception, run, seen
from tests.integrations.spans import with_attributes
from tests.integrations.ways import Async, Sync
from tests.servers.faults import Fault, faulty

LONG = "You said: Say hello."


def left(surface: Any, outcome: str) -> dict[str, Any]:
    return with_attributes(surface.left, mutagent__stream__outcome=outcome)


async def begun(surface: Any, way: Any, client: Any) -> Any:
    """A stream of which two chunks are read."""
    stream = await way.call(surface.bound(client), **surface.arguments, **surface.streaming)
    await way.next(stream)
    await way.next(stream)
    return stream


@every_way
@every_stream
def test_a_stream_that_is_read_out_is_one_whole_span(surface, way, serve, captured):
    async def program(client):
        return await way.rest(await way.call(surface.bound(client), **surface.arguments, **surface.streaming))

    run(surface, way, serve(), program)
    assert seen(captured) == [surface.streamed]


@every_way
@every_stream
def test_a_stream_that_is_closed_early_keeps_what_had_arrived(surface, way, serve, captured):
    async def program(client):
        stream = await begun(surface, way, client)
        await way.close(stream)
        return seen(captured)

    assert run(surface, way, serve(), program) == [left(surface, "closed")]
    assert len(captured.spans) == 1


@every_way
@every_stream
def test_a_stream_whose_block_is_left_early_keeps_what_had_arrived(surface, way, serve, captured):
    async def program(client):
        stream = await way.call(surface.bound(client), **surface.arguments, **surface.streaming)
        entered = await way.enter(stream)
        await way.next(entered)
        await way.next(entered)
        await way.leave(stream)
        return seen(captured)

    assert run(surface, way, serve(), program) == [left(surface, "closed")]


@every_stream
def test_a_stream_that_is_forgotten_ends_when_it_is_collected(surface, serve, captured):
    way = Sync()

    async def program(client):
        stream = await begun(surface, way, client)
        assert captured.spans == []
        del stream
        gc.collect()

    run(surface, way, serve(), program)
    assert seen(captured) == [left(surface, "abandoned")]


@every_stream
@pytest.mark.filterwarnings("ignore:unclosed")  # the program's own carelessness, which is what is tested
def test_an_async_stream_that_is_forgotten_ends_when_it_is_collected(surface, serve, captured):
    way = Async()

    async def program(client):
        stream = await begun(surface, way, client)
        del stream
        gc.collect()
        await asyncio.sleep(0)

    run(surface, way, serve(), program)
    assert seen(captured) == [left(surface, "abandoned")]


@every_way
@every_stream
def test_a_connection_that_breaks_in_mid_stream_is_an_error_with_what_had_arrived(surface, way, serve, captured):
    provider = serve(Rule(faulty(LONG, Fault("cut", after=2))))

    async def program(client):
        stream = await way.call(surface.bound(client), **surface.arguments, **surface.streaming)
        await way.rest(stream)

    with pytest.raises(Exception, match=r"peer closed connection|incomplete chunked|Connection error") as raised:
        run(surface, way, provider, program)
    kind = type(raised.value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    expected = {
        **left(surface, "failed"),
        "status": "error",
        "statusMessage": str(raised.value),
        "error": str(raised.value),
        "events": [exception(name, str(raised.value))],
    }
    assert seen(captured) == [with_attributes(expected, error__type=name)]


@every_way
@every_stream
def test_an_error_event_in_mid_stream_fails_the_span(surface, way, serve, captured):
    library = importlib.import_module(surface.library)
    provider = serve(Rule(faulty(LONG, Fault("error", after=2))))

    async def program(client):
        stream = await way.call(surface.bound(client), **surface.arguments, **surface.streaming)
        try:
            await way.rest(stream)
        except library.APIError as error:
            return error
        return None

    raised = run(surface, way, provider, program)
    (span,) = seen(captured)
    assert span["status"] == "error"
    assert "Overloaded" in span["error"]
    assert span["attributes"]["mutagent.error.code"] in ("overloaded", "overloaded_error")
    # The Responses API sends an event like any other; the other clients raise.
    assert (raised is None) == (surface.name == "responses")
    assert span["attributes"]["mutagent.stream.outcome"] == ("completed" if raised is None else "failed")


@every_stream
def test_a_cancelled_stream_fails_with_what_had_arrived(surface, serve, captured):
    way = Async()
    provider = serve(Rule(faulty(LONG, Fault("hang", after=2))))

    async def program(client):
        async def read_out():
            stream = await way.call(surface.bound(client), **surface.arguments, **surface.streaming)
            async with stream:
                await stream.__anext__()
                await stream.__anext__()
                reached.set()
                await stream.__anext__()

        reached = asyncio.Event()
        task = asyncio.create_task(read_out())
        await reached.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(surface, way, provider, program)
    expected = {
        **left(surface, "failed"),
        "status": "error",
        "statusMessage": "asyncio.exceptions.CancelledError",
        "error": "asyncio.exceptions.CancelledError",
        "events": [exception("asyncio.exceptions.CancelledError", "")],
    }
    assert seen(captured) == [with_attributes(expected, error__type="asyncio.exceptions.CancelledError")]


@every_way
@every_stream
def test_a_stream_looks_and_gives_as_it_does_without_us(surface, way, serve):
    async def program(client):
        stream = await way.call(surface.bound(client), **surface.arguments, **surface.streaming)
        looks = (type(stream), sorted(dir(stream)), stream.response.status_code)
        return looks, [chunk.model_dump() for chunk in await way.rest(stream)]

    alone = run(surface, way, serve(), program)
    hooks.install()
    try:
        with capture():
            assert run(surface, way, serve(), program) == alone
    finally:
        hooks.uninstall()


@every_way
@every_stream
def test_the_programs_span_is_current_again_between_chunks(surface, way, serve, captured):
    async def program(client):
        outer = start_span(SpanOptions(kind="chain", name="outer"))
        stream = await begun(surface, way, client)
        assert get_current_span().span_id == outer.span_id
        inner = start_span(SpanOptions(kind="chain", name="between"))
        await way.rest(stream)
        end_span(inner)
        end_span(outer)

    run(surface, way, serve(), program)
    assert captured.tree() == [["outer", [[surface.streamed["name"], []], ["between", []]]]]


@every_way
def test_usage_that_we_asked_for_is_recorded_and_hidden(way, serve):
    from tests.integrations.openai.cases import CHAT, CHAT_SPAN, CHAT_STREAM_SPAN, COUNTS

    async def program(client):
        stream = await way.call(CHAT.bound(client), **CHAT.arguments, stream=True)
        return [chunk.choices[0].delta.content for chunk in await way.rest(stream)]

    alone = run(CHAT, way, serve(), program)
    hooks.install()
    try:
        with capture(stream_usage=True) as captured:
            provider = serve()
            assert run(CHAT, way, provider, program) == alone
    finally:
        hooks.uninstall()
    assert provider.journal[0].body["stream_options"] == {"include_usage": True}
    counts = {name: CHAT_SPAN["attributes"][name] for name in COUNTS if name != "tokens"}
    expected = with_attributes({**CHAT_STREAM_SPAN, "tokens": CHAT_SPAN["tokens"]}, **counts)
    del expected["attributes"]["mutagent.usage.missing"]
    assert seen(captured) == [expected]


@every_way
def test_usage_that_the_program_asked_for_stays_in_its_stream(way, serve, captured):
    from tests.integrations.openai.cases import CHAT

    async def program(client):
        arguments = {**CHAT.arguments, "stream": True, "stream_options": {"include_usage": True}}
        return await way.rest(await way.call(CHAT.bound(client), **arguments))

    assert run(CHAT, way, serve(), program)[-1].usage.total_tokens == 10
    assert captured.spans[0]["tokens"] == {"input": 4, "output": 6, "total": 10}
