"""The Live API over a WebSocket: the session is a span, and each turn of the model's is a span below it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.tracing import SpanOptions, get_current_span, start_span
from tests.integrations.google.gemini import at_least, genai
from tests.integrations.sockets import Event, serving
from tests.integrations.spans import normal

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The live API is experimental"),
    pytest.mark.filterwarnings("ignore:The `session.send` method is deprecated:DeprecationWarning"),
]
since_methods_of_its_own = pytest.mark.skipif(not at_least(1, 20), reason="there was one method for all of it")

WRITES = {"response_modalities": ["TEXT"], "temperature": 0.5, "system_instruction": "Be kind."}
SOUND = base64.b64encode(b"\0" * 100).decode()
COUNTED = {
    "promptTokenCount": 9,
    "responseTokenCount": 3,
    "totalTokenCount": 14,
    "thoughtsTokenCount": 2,
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
}
END: Event = {"serverContent": {"turnComplete": True}, "usageMetadata": COUNTED}


def says(*texts: str) -> list[Event]:
    """Messages with pieces of text."""
    return [{"serverContent": {"modelTurn": {"role": "model", "parts": [{"text": text}]}}} for text in texts]


def sounds(*transcript: str) -> list[Event]:
    """Messages with a piece of sound each, and what it says."""
    blob = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": SOUND}}
    return [
        {"serverContent": {"modelTurn": {"parts": [blob]}, "outputTranscription": {"text": text}}}
        for text in transcript
    ]


def calls(name: str, **arguments: Any) -> Event:
    """A message that calls a function."""
    return {"toolCall": {"functionCalls": [{"id": "call-1", "name": name, "args": arguments}]}}


def ending(session: Event) -> Event:
    """A message in which the turn ends."""
    return {"serverContent": session}


def connected(
    program: Callable[[Any], Awaitable[Any]], *turns: list[Event], config: Any = WRITES, greeting: Any = ()
) -> Any:
    """Run ``program(session)`` with a service that says the next of ``turns`` to what the program sends."""
    left = list(turns)

    def answer(message: Event) -> list[Event]:
        return [] if "setup" in message or not left else left.pop(0)

    async def with_client(url: str) -> Any:
        client = genai.Client(api_key="key-of-the-test", http_options={"base_url": url.replace("ws:", "http:")})
        # It would speak TLS.
        inner = client._api_client
        inner._websocket_base_url = lambda *options: url
        inner._websocket_ssl_ctx = {}
        async with client.aio.live.connect(model="gemini-1", config=config) as session:
            return await program(session)

    with serving([{"setupComplete": {}}, *greeting], answer) as url:
        return asyncio.run(with_client(url))


async def heard(session: Any) -> list[Any]:
    """The messages of one turn."""
    return [message async for message in session.receive()]


async def hello(session: Any) -> list[Any]:
    """Say hello, and wait for the answer."""
    await session.send(input="Hello.", end_of_turn=True)
    return await heard(session)


SERVER = {"server.address": "127.0.0.1", "server.port": "<port>"}
ASKED = {
    "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.request.model": "gemini-1",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.system_instructions": "Be kind.",
    "mutagent.request.response_modalities": ["TEXT"],
    **SERVER,
}
SESSION_SPAN = {
    "name": "realtime gemini-1",
    "kind": "chain",
    "status": "ok",
    "model": "gemini-1",
    "provider": "gcp.gemini",
    "attributes": {
        "gen_ai.operation.name": "realtime",
        **ASKED,
        "mutagent.session.responses": 1,
        "mutagent.stream.outcome": "closed",
    },
}
TURN_SPAN = {
    "name": "chat gemini-1",
    "kind": "llm.chat",
    "status": "ok",
    "parentSpanId": "<id>",
    "model": "gemini-1",
    "provider": "gcp.gemini",
    "input": {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello."}]},
    "output": {"messages": [{"role": "assistant", "content": "Hi there."}]},
    "attributes": {
        "gen_ai.operation.name": "chat",
        **ASKED,
        "gen_ai.output.type": "text",
        "gen_ai.response.finish_reasons": ["turn_complete"],
        "gen_ai.response.time_to_first_chunk": "<seconds>",
    },
}


def test_a_session_and_its_turn_are_a_span_each(captured):
    connected(hello, [*says("Hi ", "there."), ending({"turnComplete": True})])
    turn, session = captured.spans
    assert turn["parentSpanId"] == session["spanId"]
    assert [normal(span) for span in captured.spans] == [TURN_SPAN, SESSION_SPAN]


def test_the_program_sees_what_it_sees_without_us():
    def seen() -> Any:
        return connected(hello, [*says("Hi ", "there."), calls("weather", city="Oslo"), END])

    alone = seen()
    hooks.install()
    try:
        assert seen() == alone
    finally:
        hooks.uninstall()


@since_methods_of_its_own
def test_the_next_turn_knows_what_was_said_before(captured):
    async def program(session: Any) -> None:
        await session.send_client_content(turns={"role": "user", "parts": [{"text": "Hello."}]}, turn_complete=False)
        await session.send_client_content(turns={"role": "user", "parts": [{"text": "Hi."}]})
        await heard(session)
        await session.send_client_content(turns={"role": "user", "parts": [{"text": "And now?"}]})
        await heard(session)

    end = ending({"turnComplete": True})
    connected(program, [], [*says("Yes?"), end], [*says("Well."), end])
    *turns, session = captured.spans
    assert [message["content"] for message in turns[1]["input"]["messages"]] == [
        "Be kind.", "Hello.", "Hi.", "Yes?", "And now?",
    ]  # fmt: skip
    assert session["attributes"]["mutagent.session.responses"] == 2


@since_methods_of_its_own
def test_a_function_stands_between_two_turns(captured):
    async def program(session: Any) -> None:
        await session.send_client_content(turns={"role": "user", "parts": [{"text": "Weather?"}]})
        async for message in session.receive():
            if message.tool_call:
                with start_span(SpanOptions(kind="tool", name="weather")):
                    pass
                await session.send_tool_response(function_responses=RESULT)

    tools = [{"function_declarations": [{"name": "weather", "description": "Says it."}]}]
    connected(program, [calls("weather", city="Oslo")], [*says("Sunny."), END], config={**WRITES, "tools": tools})
    asks, tool, answers, session = captured.spans
    call = {"id": "call-1", "name": "weather", "arguments": {"city": "Oslo"}}
    assert asks["output"] == {"messages": [{"role": "assistant", "content": None, "toolCalls": [call]}]}
    assert asks["attributes"]["gen_ai.response.finish_reasons"] == ["tool_call"]
    assert asks["attributes"]["gen_ai.tool.definitions"][0]["name"] == "weather"
    assert tool["parentSpanId"] == session["spanId"]
    assert answers["input"]["messages"][-1] == {
        "role": "tool", "content": {"result": "sunny"}, "name": "weather", "toolCallId": "call-1",
    }  # fmt: skip
    assert answers["output"] == {"messages": [{"role": "assistant", "content": "Sunny."}]}


@since_methods_of_its_own
def test_what_was_spoken_is_heard_and_answered(captured):
    """Nobody asks for the turn: the service hears when somebody has spoken."""

    async def program(session: Any) -> None:
        await session.send_realtime_input(audio={"data": b"\0" * 10, "mime_type": "audio/pcm"})
        await heard(session)

    written = [ending({"inputTranscription": {"text": text}}) for text in ("Hel", "lo.")]
    config = {"response_modalities": ["AUDIO"]}
    connected(program, [*written, *sounds("Hi ", "there."), END], config=config)
    turn, _ = captured.spans
    assert turn["input"] == {"messages": [{"role": "user", "content": [{"type": "audio", "transcript": "Hello."}]}]}
    spoken = {"type": "audio", "media_type": "audio/pcm;rate=24000", "size": 200, "transcript": "Hi there."}
    assert turn["output"] == {"messages": [{"role": "assistant", "content": [spoken]}]}
    assert turn["attributes"]["gen_ai.output.type"] == "speech"
    assert turn["tokens"] == {"input": 9, "output": 5, "total": 14}
    assert turn["attributes"]["gen_ai.usage.reasoning.output_tokens"] == 2
    assert turn["attributes"]["mutagent.usage.audio.output_tokens"] == 3


@since_methods_of_its_own
def test_a_text_among_sound_asks_too(captured):
    async def program(session: Any) -> None:
        await session.send_realtime_input(text="Hello.")
        await heard(session)

    connected(program, [*says("Hi."), END])
    turn, _ = captured.spans
    assert turn["input"]["messages"][-1] == {"role": "user", "content": "Hello."}
    assert "gen_ai.response.time_to_first_chunk" in turn["attributes"]


@since_methods_of_its_own
def test_a_turn_that_is_interrupted_keeps_what_was_said(captured):
    async def program(session: Any) -> None:
        await session.send_client_content(turns={"role": "user", "parts": [{"text": "Hello."}]})
        await heard(session)

    connected(program, [*says("Hi, "), ending({"interrupted": True}), *says("Yes?"), ending({"turnComplete": True})])
    *turns, session = captured.spans
    assert [turn["output"]["messages"][0]["content"] for turn in turns] == ["Hi, ", "Yes?"]
    assert [turn["attributes"]["gen_ai.response.finish_reasons"] for turn in turns] == [
        ["interrupted"], ["turn_complete"],
    ]  # fmt: skip
    assert session["attributes"]["mutagent.session.responses"] == 2


RESULT = {"id": "call-1", "name": "weather", "response": {"result": "sunny"}}
TURN = {"role": "user", "parts": [{"text": "Hello."}]}


@pytest.mark.parametrize(
    ("given", "role"),
    [
        (genai.types.LiveClientContent(turns=[TURN], turn_complete=True), "user"),
        (genai.types.LiveClientToolResponse(function_responses=[RESULT]), "tool"),
        (genai.types.FunctionResponse(**RESULT), "tool"),
        ([RESULT], "tool"),
    ],
    ids=["content", "tool response", "function response", "list"],
)
def test_the_one_method_of_older_versions_asks_too(captured, given, role):
    async def program(session: Any) -> None:
        await session.send(input=given)
        await heard(session)

    connected(program, [*says("Hi."), ending({"turnComplete": True})])
    turn, _ = captured.spans
    assert turn["input"]["messages"][-1]["role"] == role
    assert "gen_ai.response.time_to_first_chunk" in turn["attributes"]


def test_sound_that_is_sent_asks_for_nothing(captured):
    async def program(session: Any) -> None:
        await session.send(input={"data": b"\0" * 10, "mime_type": "audio/pcm"})

    connected(program)
    (session,) = captured.spans
    assert session["attributes"]["mutagent.session.responses"] == 0


def test_a_call_that_nobody_asked_for_is_a_turn(captured):
    async def program(session: Any) -> None:
        await session._receive()

    connected(program, greeting=[calls("weather")])
    turn, session = captured.spans
    assert (turn["name"], turn["attributes"]["gen_ai.response.finish_reasons"]) == ("chat gemini-1", ["tool_call"])
    assert session["attributes"]["mutagent.session.responses"] == 1


def test_a_session_that_is_left_in_mid_turn_keeps_what_had_arrived(captured):
    error = KeyError("of the program")

    async def program(session: Any) -> None:
        await session.send(input="Hello.", end_of_turn=True)
        async for _ in session.receive():
            raise error

    with pytest.raises(KeyError) as raised:
        connected(program, says("Hi ", "there."))
    assert raised.value is error
    turn, session = captured.spans
    assert turn["output"] == {"messages": [{"role": "assistant", "content": "Hi "}]}
    assert [span["attributes"]["mutagent.stream.outcome"] for span in (turn, session)] == ["closed", "closed"]


def test_what_the_program_does_meanwhile_belongs_to_the_session(captured):
    async def program(session: Any) -> None:
        with start_span(SpanOptions(kind="tool", name="work")):
            pass
        await session.close()
        assert get_current_span() is None

    connected(program)
    work, session = captured.spans
    assert (work["name"], work["parentSpanId"]) == ("work", session["spanId"])


def test_a_service_that_is_not_there_is_an_error(captured):
    async def program() -> None:
        client = genai.Client(api_key="key-of-the-test", http_options={"base_url": "http://127.0.0.1:9"})
        async with client.aio.live.connect(model="gemini-1"):
            pass

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(program())
    (session,) = captured.spans
    assert (session["status"], session["name"]) == ("error", "realtime gemini-1")
