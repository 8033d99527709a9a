"""What is Azure AI Inference's own: its models, what a client was told beforehand, a body given whole, its errors."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from mutagent.capture.media import digest
from mutagent.integrations.specs.azure_inference import chat_request
from mutagent.testing import CapturedSpans
from tests.integrations.azure_inference.cases import CHAT, CHUNKS, COMPLETION, EMBEDDINGS, HELLO, IMAGES, REFUSED
from tests.integrations.canned import Answer, Answers, answering, events, json_answer
from tests.integrations.contract.program import every_way, run, seen
from tests.integrations.situations import Situation
from tests.integrations.surfaces import Surface
from tests.integrations.ways import Way

pytest.importorskip("azure.ai.inference")
models = pytest.importorskip("azure.ai.inference.models")
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def called(way: Way, surface: Surface, answer: Answer, options: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Call a surface's method with these arguments alone; a stream is read to its end."""
    streamed = not isinstance(answer.body, bytes)
    answers = Answers(REFUSED, None if streamed else answer, answer if streamed else None)
    server = answers(Situation.ANSWERED)

    async def program(client: Any) -> Any:
        got = await way.call(surface.bound(way, client), **arguments)
        return await way.rest(got) if streamed else got

    try:
        return run(surface, way, server, program, **(options or {}))
    finally:
        server.close()


@every_way
@pytest.mark.parametrize("surface", [CHAT, EMBEDDINGS, IMAGES], ids=str)
def test_a_call_is_a_span(surface: Surface, way: Way, captured: CapturedSpans) -> None:
    called(way, surface, surface.serve.whole, **surface.arguments)
    assert seen(captured) == [surface.whole]


@every_way
def test_a_stream_is_a_span_and_passes_for_the_clients(way: Way, captured: CapturedSpans) -> None:
    server = CHAT.serve(Situation.ANSWERED)

    async def program(client: Any) -> Any:
        stream = await CHAT.stream(way, client)
        cls = getattr(models, f"{way.parts['Async']}StreamingChatCompletions")
        assert isinstance(stream, cls)
        return await way.rest(stream)

    try:
        updates = run(CHAT, way, server, program)
    finally:
        server.close()
    assert [type(update).__name__ for update in updates] == ["StreamingChatCompletionsUpdate"] * 3
    assert seen(captured) == [CHAT.streamed]


@every_way
def test_models_are_recorded_like_dicts(way: Way, captured: CapturedSpans) -> None:
    pixels = b64encode(b"\x89PNG" * 400)
    url = f"data:image/png;base64,{pixels.decode()}"
    call = models.ChatCompletionsToolCall
    messages = [
        models.SystemMessage(content="Be brief."),
        models.UserMessage(
            content=[
                models.TextContentItem(text="What is this?"),
                models.ImageContentItem(image_url=models.ImageUrl(url=url)),
            ]
        ),
        models.AssistantMessage(
            tool_calls=[call(id="call_1", function=models.FunctionCall(name="weather", arguments='{"city": "Rome"}'))]
        ),
        models.ToolMessage(content="Sunny.", tool_call_id="call_1"),
    ]
    tool = models.ChatCompletionsToolDefinition(
        function=models.FunctionDefinition(name="weather", parameters={"type": "object"})
    )
    called(way, CHAT, CHAT.serve.whole, messages=messages, tools=[tool], model="model-1")
    (span,) = captured.spans
    system, user, assistant, told = span["input"]["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user["role"] == "user"
    assert user["content"][0] == {"type": "text", "text": "What is this?"}
    assert user["content"][1]["image_url"]["url"]["digest"] == digest(pixels)
    assert assistant["toolCalls"] == [{"id": "call_1", "name": "weather", "arguments": {"city": "Rome"}}]
    assert told == {"role": "tool", "content": "Sunny.", "toolCallId": "call_1"}
    assert span["attributes"]["gen_ai.tool.definitions"] == [TOOL]


@every_way
def test_what_a_client_was_told_holds_for_its_calls(way: Way, captured: CapturedSpans) -> None:
    options = {"model": "model-1", "temperature": 0.25, "max_tokens": 7, "tools": [], "seed": 1}
    called(way, CHAT, CHAT.serve.whole, options, messages=HELLO, seed=2)
    (span,) = captured.spans
    assert span["name"] == "chat model-1"
    said = {name: span["attributes"].get(f"gen_ai.request.{name}") for name in ("temperature", "max_tokens", "seed")}
    assert said == {"temperature": 0.25, "max_tokens": 7, "seed": 2}


@every_way
@pytest.mark.parametrize("form", [dict, lambda body: json.dumps(body).encode()], ids=["dict", "bytes"])
def test_a_body_that_is_given_whole_is_read(way: Way, form: Callable[[Any], Any], captured: CapturedSpans) -> None:
    body = {"messages": HELLO, "model": "model-1", "temperature": 0.5}
    called(way, CHAT, CHAT.serve.whole, body=form(body))
    assert seen(captured) == [CHAT.whole]


@every_way
def test_further_parameters_of_the_model_are_recorded(way: Way, captured: CapturedSpans) -> None:
    called(way, CHAT, CHAT.serve.whole, messages=HELLO, model_extras={"safe_prompt": True})
    (span,) = captured.spans
    assert span["attributes"]["mutagent.request.safe_prompt"] is True


@every_way
def test_tool_calls_of_a_stream_are_joined(way: Way, captured: CapturedSpans) -> None:
    def chunk(arguments: str, **more: Any) -> dict[str, Any]:
        call = {"type": "function", "function": {"name": None, "arguments": arguments}, "index": 0, **more}
        delta = {"role": "assistant", "content": None, "tool_calls": [call]}
        return {**CHUNKS[0], "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}

    began = chunk('{"city":', id="call_1", function={"name": "weather", "arguments": '{"city":'})
    answer = events(began, chunk(' "Rome"}'), CHUNKS[-1])
    called(way, CHAT, answer, **CHAT.arguments, stream=True)
    (span,) = captured.spans
    (message,) = span["output"]["messages"]
    assert message["toolCalls"] == [{"id": "call_1", "name": "weather", "arguments": {"city": "Rome"}}]


@every_way
def test_reasoning_and_cached_tokens_are_recorded(way: Way, captured: CapturedSpans) -> None:
    message = {"role": "assistant", "content": "Four.", "reasoning_content": "Hm."}
    usage = {**COMPLETION["usage"], "prompt_tokens_details": {"cached_tokens": 3}}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    called(way, CHAT, json_answer({**COMPLETION, "choices": [choice], "usage": usage}), **CHAT.arguments)
    (span,) = captured.spans
    assert span["output"]["messages"][0]["content"] == [
        {"type": "reasoning", "text": "Hm."},
        {"type": "text", "text": "Four."},
    ]
    assert span["attributes"]["gen_ai.usage.cache_read.input_tokens"] == 3


@every_way
def test_an_error_says_status_code_and_request(way: Way, captured: CapturedSpans) -> None:
    with pytest.raises(Exception, match="That cannot be"):
        called(way, CHAT, REFUSED, **CHAT.arguments)
    (span,) = captured.spans
    assert span["status"] == "error"
    assert CHAT.refusal.attributes.items() <= span["attributes"].items()


@every_way
def test_the_name_in_the_endpoint_says_who_answers(way: Way, captured: CapturedSpans) -> None:
    with answering(COMPLETION) as url:
        client = CHAT.client(way, url, {})

        async def close() -> None:
            await way.close(client)

        client._config.endpoint = "https://models.github.ai/inference"
        asked = chat_request({"messages": HELLO}, client)
        way.run(close())
    assert (asked.provider, asked.server) == ("github", "https://models.github.ai/inference")
