"""Realtime over a WebSocket: the session is a span, and each response is a span below it."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.tracing import SpanOptions, get_current_span, start_span
from tests.integrations.openai import sockets
from tests.integrations.openai.program import every_way, openai
from tests.integrations.spans import normal

# The clients connect in a way that websockets 17 no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager")

every_surface = pytest.mark.parametrize("method", ["realtime.connect", "beta.realtime.connect"])

SETTINGS = {"id": "sess_1", "object": "realtime.session", "model": "model-1", "instructions": "Be kind.",
            "output_modalities": ["text"], "tools": []}  # fmt: skip
GREETING: list[sockets.Event] = [{"type": "session.created", "event_id": "e1", "session": SETTINGS}]
USAGE = {
    "total_tokens": 12,
    "input_tokens": 9,
    "output_tokens": 3,
    "input_token_details": {"text_tokens": 4, "audio_tokens": 5, "cached_tokens": 2},
    "output_token_details": {"text_tokens": 1, "audio_tokens": 2},
}
HELLO = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]}
CALL = {"id": "i3", "type": "function_call", "name": "weather", "call_id": "call_1", "arguments": '{"city": "Oslo"}'}


def message(text: str, kind: str = "output_text") -> sockets.Event:
    field = "transcript" if kind == "output_audio" else "text"
    return {"id": "i2", "type": "message", "role": "assistant", "content": [{"type": kind, field: text}]}


def answered(key: str, *output: sockets.Event, status: str = "completed", **more: Any) -> list[sockets.Event]:
    """The events of one response."""
    response = {"id": key, "object": "realtime.response", "conversation_id": "conv_1"}
    return [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_text.delta", "response_id": key, "item_id": "i2", "delta": "Hi"},
        {"type": "response.output_text.delta", "response_id": key, "item_id": "i2", "delta": " there."},
        {"type": "response.done", "response": {**response, "status": status, "output": list(output), **more}},
    ]


def talk(event: sockets.Event) -> list[sockets.Event]:
    """What the service says to an event."""
    if event["type"] == "conversation.item.create":
        return [{"type": "conversation.item.created", "item": {"id": "i1", **event["item"]}}]
    if event["type"] == "response.create":
        return answered("resp_1", message("Hi there."), CALL, usage=USAGE)
    return []


async def until(way: Any, connection: Any, kind: str) -> list[str]:
    """Receive up to an event of a kind."""
    kinds = []
    while not kinds or kinds[-1] != kind:
        kinds.append((await way.wait(connection.recv())).type)
    return kinds


async def asked(way: Any, connect: Any) -> list[str]:
    """Say hello, and wait for the answer."""
    manager = connect(model="model-1")
    connection = await way.enter(manager)
    await way.wait(connection.conversation.item.create(item=HELLO))
    await way.wait(connection.response.create())
    kinds = await until(way, connection, "response.done")
    await way.leave(manager)
    return kinds


SERVER = {"server.address": "127.0.0.1", "server.port": "<port>"}
SESSION_SPAN = {
    "name": "realtime model-1",
    "kind": "chain",
    "status": "ok",
    "model": "model-1",
    "provider": "openai",
    "attributes": {
        "gen_ai.operation.name": "realtime",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "model-1",
        "gen_ai.response.model": "model-1",
        "gen_ai.conversation.id": "sess_1",
        "mutagent.session.responses": 1,
        "mutagent.stream.outcome": "closed",
        **SERVER,
    },
}
RESPONSE_SPAN = {
    "name": "chat model-1",
    "kind": "llm.chat",
    "status": "ok",
    "parentSpanId": "<id>",
    "model": "model-1",
    "provider": "openai",
    "input": {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello."}]},
    "output": {
        "messages": [
            {
                "role": "assistant",
                "content": "Hi there.",
                "toolCalls": [{"id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}}],
            }
        ]
    },
    "tokens": {"input": 9, "output": 3, "total": 12},
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "model-1",
        "gen_ai.system_instructions": "Be kind.",
        "gen_ai.output.type": "text",
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.finish_reasons": ["completed"],
        "gen_ai.response.time_to_first_chunk": "<seconds>",
        "gen_ai.conversation.id": "conv_1",
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 2,
        "mutagent.usage.audio.input_tokens": 5,
        "mutagent.usage.audio.output_tokens": 2,
        "mutagent.usage.raw": USAGE,
        **SERVER,
    },
}


@every_way
@every_surface
def test_a_session_and_its_response_are_a_span_each(way, method, captured):
    with sockets.serving(GREETING, talk) as url:
        kinds = sockets.run(way, url, method, lambda connect: asked(way, connect))
    assert kinds[0] == "session.created"
    response, session = captured.spans
    assert response["parentSpanId"] == session["spanId"]
    assert [normal(span) for span in captured.spans] == [RESPONSE_SPAN, SESSION_SPAN]


@every_way
@every_surface
def test_the_program_sees_what_it_sees_without_us(way, method):
    def seen() -> list[str]:
        with sockets.serving(GREETING, talk) as url:
            return sockets.run(way, url, method, lambda connect: asked(way, connect))

    alone = seen()
    hooks.install()
    try:
        assert seen() == alone
    finally:
        hooks.uninstall()


@every_way
@every_surface
def test_a_session_without_a_with_block_is_followed_too(way, method, captured):
    async def program(connect):
        connection = await way.wait(connect(model="model-1").enter())
        await way.wait(connection.response.create())
        await until(way, connection, "response.done")
        await way.close(connection)

    with sockets.serving(GREETING, talk) as url:
        sockets.run(way, url, method, program)
    assert [span["name"] for span in captured.spans] == ["chat model-1", "realtime model-1"]


@every_way
@every_surface
def test_what_was_spoken_is_heard_and_answered(way, method, captured):
    spoken = {"id": "i1", "type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": None}]}
    heard = {"item_id": "i1", "content_index": 0, "transcript": "Hello."}
    turn: list[sockets.Event] = [
        {"type": "conversation.item.created", "item": spoken},
        {"type": "conversation.item.input_audio_transcription.completed", **heard},
        *answered("resp_1", message("Hi there.", "output_audio"), usage=USAGE),
    ]
    greeting = [{"type": "session.created", "session": {**SETTINGS, "output_modalities": ["audio"]}}, *turn]

    async def program(connect):
        manager = connect(model="model-1")
        connection = await way.enter(manager)
        await until(way, connection, "response.done")
        await way.leave(manager)

    with sockets.serving(greeting, talk) as url:
        sockets.run(way, url, method, program)
    transcription, response, _ = captured.spans
    assert transcription["output"] == {"text": "Hello."}
    assert response["input"]["messages"][1:] == [
        {"role": "user", "content": [{"type": "input_audio", "transcript": "Hello."}]}
    ]
    (part,) = response["output"]["messages"][0]["content"]
    assert part["transcript"] == "Hi there."
    assert response["attributes"]["gen_ai.output.type"] == "speech"


def silence(event: sockets.Event) -> list[sockets.Event]:
    return answered("resp_1")[:3] if event["type"] == "response.create" else []


@every_way
@every_surface
def test_a_response_that_is_not_over_has_what_was_said(way, method, captured):
    async def program(connect):
        manager = connect(model="model-1")
        connection = await way.enter(manager)
        await way.wait(connection.response.create())
        for _ in range(4):
            await way.wait(connection.recv())
        await way.wait(connection.response.create())
        await way.leave(manager)

    with sockets.serving(GREETING, silence) as url:
        sockets.run(way, url, method, program)
    begun, unanswered, session = captured.spans
    assert begun["output"] == {"messages": [{"role": "assistant", "content": "Hi there."}]}
    assert begun["attributes"]["mutagent.stream.outcome"] == "closed"
    assert ("output" in unanswered, session["attributes"]["mutagent.session.responses"]) == (False, 2)


@every_way
@every_surface
@pytest.mark.filterwarnings("ignore")
def test_a_session_that_is_forgotten_ends_as_abandoned(way, method, captured):
    async def program(connect):
        connection = await way.wait(connect(model="model-1").enter())
        await way.wait(connection.recv())
        await way.wait(connection._connection.close())
        del connection
        gc.collect()

    with sockets.serving(GREETING, talk) as url:
        sockets.run(way, url, method, program)
    gc.collect()
    (session,) = captured.spans
    assert session["attributes"]["mutagent.stream.outcome"] == "abandoned"


@every_way
@every_surface
def test_what_the_program_does_in_a_session_belongs_to_it(way, method, captured):
    async def program(connect):
        with start_span(SpanOptions(kind="agent", name="outside")):
            manager = connect(model="model-1")
            connection = await way.enter(manager)
            await way.wait(connection.response.create())
            with start_span(SpanOptions(kind="tool", name="inside")):
                await until(way, connection, "response.done")
            await way.leave(manager)
            with start_span(SpanOptions(kind="tool", name="after")):
                pass
        return get_current_span()

    with sockets.serving(GREETING, talk) as url:
        assert sockets.run(way, url, method, program) is None
    by_name = {span["name"]: span for span in captured.spans}
    outside, session = by_name["outside"], by_name["realtime model-1"]
    parents = {name: span.get("parentSpanId") for name, span in by_name.items()}
    assert parents == {
        "outside": None,
        "realtime model-1": outside["spanId"],
        "chat model-1": session["spanId"],
        "inside": session["spanId"],
        "after": outside["spanId"],
    }


TRANSCRIBER = {"model": "model-2", "language": "en"}
NEW = {**SETTINGS, "audio": {"input": {"transcription": TRANSCRIBER}}}
OLD = {**SETTINGS, "input_audio_transcription": TRANSCRIBER}
SECONDS = {"type": "duration", "seconds": 2}


def written(item: str, event: str, **more: Any) -> sockets.Event:
    return {"type": f"conversation.item.input_audio_transcription.{event}", "item_id": item, "content_index": 0, **more}


@every_way
@every_surface
@pytest.mark.parametrize(
    "settings",
    [
        {"type": "session.created", "session": NEW},
        {"type": "session.created", "session": OLD},
        {"type": "transcription_session.updated", "session": OLD},
    ],
    ids=["now", "beta", "transcription session"],
)
def test_what_another_model_writes_down_is_a_span_with_its_own_usage(way, method, settings, captured):
    usage = {"type": "tokens", "input_tokens": 9, "output_tokens": 2, "total_tokens": 11}
    greeting: list[sockets.Event] = [
        settings,
        {"type": "input_audio_buffer.committed", "item_id": "i1"},
        written("i1", "delta", delta="Hel"),
        written("i1", "completed", transcript="Hello.", usage=usage),
        written("i2", "completed", transcript="Bye.", usage=SECONDS),
        {"type": "input_audio_buffer.committed", "item_id": "i3"},
        written("i3", "failed", error={"type": "server_error", "code": "noise", "message": "Too loud."}),
        {"type": "input_audio_buffer.cleared"},
    ]

    async def program(connect):
        manager = connect(model="model-1")
        connection = await way.enter(manager)
        await until(way, connection, "input_audio_buffer.cleared")
        await way.leave(manager)

    with sockets.serving(greeting, talk) as url:
        sockets.run(way, url, method, program)
    first, second, failed, session = captured.spans
    assert normal(first) == {
        "name": "generate_content model-2",
        "kind": "llm.completion",
        "status": "ok",
        "parentSpanId": "<id>",
        "model": "model-2",
        "provider": "openai",
        "output": {"text": "Hello."},
        "tokens": {"input": 9, "output": 2, "total": 11},
        "attributes": {
            "gen_ai.operation.name": "generate_content",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "model-2",
            "gen_ai.output.type": "text",
            "gen_ai.response.time_to_first_chunk": "<seconds>",
            "gen_ai.usage.input_tokens": 9,
            "gen_ai.usage.output_tokens": 2,
            "mutagent.request.language": "en",
            "mutagent.usage.raw": usage,
            **SERVER,
        },
    }
    assert (second["output"], second["attributes"]["mutagent.usage.raw"]) == ({"text": "Bye."}, SECONDS)
    assert (failed["status"], failed["error"], failed["attributes"]["mutagent.error.code"]) == (
        "error",
        "Too loud.",
        "noise",
    )
    assert session["attributes"]["mutagent.session.responses"] == 0


FAILED = {"error": {"type": "server_error", "code": "overloaded", "message": "Later."}}


@every_way
@every_surface
def test_a_response_that_failed_is_a_failed_span(way, method, captured):
    def failing(event: sockets.Event) -> list[sockets.Event]:
        return answered("resp_1", status="failed", status_details={"type": "failed", **FAILED})

    async def program(connect):
        manager = connect(model="model-1")
        connection = await way.enter(manager)
        await way.wait(connection.response.create())
        await until(way, connection, "response.done")
        await way.leave(manager)

    with sockets.serving(GREETING, failing) as url:
        sockets.run(way, url, method, program)
    response, session = captured.spans
    assert (response["status"], response["error"], session["status"]) == ("error", "Later.", "ok")
    assert response["attributes"]["mutagent.error.code"] == "overloaded"


@every_way
@every_surface
@pytest.mark.parametrize("about", ["ours", "another"])
def test_a_response_that_is_refused_is_a_failed_span(way, method, about, captured):
    error = {"type": "invalid_request_error", "code": "no", "message": "Not so.", "event_id": about}

    async def program(connect):
        manager = connect(model="model-1")
        connection = await way.enter(manager)
        await way.wait(connection.response.create(event_id="ours"))
        await until(way, connection, "error")
        await way.leave(manager)

    with sockets.serving(GREETING, lambda event: [{"type": "error", "error": error}]) as url:
        sockets.run(way, url, method, program)
    response = captured.spans[0]
    refused = about == "ours"
    assert (response["status"], response.get("error")) == (("error", "Not so.") if refused else ("ok", None))


@every_way
@every_surface
def test_a_session_that_cannot_be_connected_is_a_failed_span(way, method, captured):
    async def program(connect):
        await way.enter(connect(model="model-1"))

    with sockets.serving(GREETING, talk) as url:
        pass
    with pytest.raises((OSError, openai.APIConnectionError)):
        sockets.run(way, url, method, program)
    (session,) = captured.spans
    assert (session["name"], session["status"]) == ("realtime model-1", "error")
