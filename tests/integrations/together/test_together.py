"""What holds for every version of Together's client, those written by hand included, and what is Together's own."""

from __future__ import annotations

from typing import Any

import pytest

from mutagent.testing import CapturedSpans
from tests.integrations.canned import Answer, Answers, events, json_answer
from tests.integrations.contract.program import every_way, seen
from tests.integrations.situations import Situation
from tests.integrations.spans import normalised
from tests.integrations.surfaces import KEY, attribute
from tests.integrations.together.cases import (
    CHAT,
    CHUNKS,
    COMPLETION,
    COMPLETIONS,
    EMBEDDINGS,
    HEAD,
    IMAGES,
    LEFT_SPAN,
    REFUSED,
    RERANK,
    SPEECH,
    TEXT_CHUNKS,
)
from tests.integrations.ways import SYNC, Way

together = pytest.importorskip("together")
# Their requests are made by aiohttp and requests, and left to be collected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


def called(way: Way, method: str, answer: Answer, read: int | None = None, **arguments: Any) -> Any:
    """Call a method of a client whose server answers so; of a stream, ``read`` pieces are read, or all."""
    streamed = arguments.get("stream") is True
    server = Answers(REFUSED, None if streamed else answer, answer if streamed else None)(Situation.ANSWERED)

    async def program() -> Any:
        cls = together.Together if way is SYNC else together.AsyncTogether
        client = cls(api_key=KEY, base_url=f"{server.url}/", max_retries=0)
        bound = attribute(client, method)
        if bound is None:
            pytest.skip(f"the installed together has no {method}")
        try:
            got = await way.call(bound, **arguments)
            if not streamed:
                return got
            if read is None:
                return await way.rest(got)
            pieces = [await way.next(got) for _ in range(read)]
            await way.close(got)
            return pieces
        finally:
            await way.close(client)

    try:
        return way.run(program())
    finally:
        server.close()


@every_way
@pytest.mark.parametrize("surface", [CHAT, COMPLETIONS, EMBEDDINGS, RERANK, IMAGES], ids=str)
def test_a_call_is_a_span(surface: Any, way: Way, captured: CapturedSpans) -> None:
    called(way, surface.method, surface.serve.whole, **surface.arguments)
    assert seen(captured) == [surface.whole]


@every_way
@pytest.mark.parametrize("surface", [CHAT, COMPLETIONS], ids=str)
def test_a_stream_is_a_span(surface: Any, way: Way, captured: CapturedSpans) -> None:
    pieces = called(way, surface.method, surface.serve.stream, **surface.arguments, stream=True)
    assert len(pieces) == 3
    assert seen(captured) == [surface.streamed]


@every_way
def test_a_stream_that_is_left_keeps_what_had_arrived(way: Way, captured: CapturedSpans) -> None:
    called(way, CHAT.method, events(*CHUNKS), **CHAT.arguments, stream=True, read=2)
    (span,) = seen(captured)
    assert span["attributes"].pop("mutagent.stream.outcome") == "closed"
    expected = normalised(LEFT_SPAN)
    del expected["attributes"]["mutagent.stream.outcome"]
    assert span == expected


@every_way
def test_an_error_says_status_code_and_request(way: Way, captured: CapturedSpans) -> None:
    with pytest.raises(Exception, match="That cannot be"):
        called(way, CHAT.method, REFUSED, **CHAT.arguments)
    (span,) = captured.spans
    said = {name: span["attributes"].get(name) for name in CHAT.refusal.attributes}
    assert (span["status"], "That cannot be" in span["error"]) == ("error", True)
    if not hasattr(together, "APIStatusError"):
        # Up to 1.x the client looks for the id in another header.
        said["mutagent.request_id"] = said["mutagent.request_id"] or "req_1"
    assert said == CHAT.refusal.attributes


@every_way
def test_tool_calls_of_a_stream_are_joined(way: Way, captured: CapturedSpans) -> None:
    def chunk(arguments: str, **more: Any) -> dict[str, Any]:
        call = {"index": 0, "type": "function", "function": {"arguments": arguments}, **more}
        delta = {"role": "assistant", "content": None, "tool_calls": [call]}
        return {**CHUNKS[0], "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}

    began = chunk('{"city":', id="call_1", function={"name": "weather", "arguments": '{"city":'})
    called(way, CHAT.method, events(began, chunk(' "Rome"}'), CHUNKS[-1]), **CHAT.arguments, stream=True)
    (span,) = captured.spans
    (message,) = span["output"]["messages"]
    assert message["toolCalls"] == [{"id": "call_1", "name": "weather", "arguments": {"city": "Rome"}}]


@every_way
def test_cached_tokens_and_reasoning_are_recorded(way: Way, captured: CapturedSpans) -> None:
    message = {"role": "assistant", "content": "Four.", "reasoning": "Hm."}
    usage = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10, "cached_tokens": 3}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    called(way, CHAT.method, json_answer({**COMPLETION, "choices": choices, "usage": usage}), **CHAT.arguments)
    (span,) = captured.spans
    assert span["output"]["messages"][0]["content"] == [
        {"type": "reasoning", "text": "Hm."},
        {"type": "text", "text": "Four."},
    ]
    assert span["attributes"]["gen_ai.usage.cache_read.input_tokens"] == 3


@every_way
def test_a_completion_may_stream_like_a_chat_and_say_its_reason_beside(way: Way, captured: CapturedSpans) -> None:
    def chunk(content: str, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": {"role": "assistant", "content": content}}
        return {**HEAD, "object": "completion.chunk", "token": TEXT_CHUNKS[0]["token"], "choices": [choice], **more}

    if not hasattr(together, "APIStatusError"):
        pytest.skip("up to 1.x the client drops a delta")
    called(way, COMPLETIONS.method, events(chunk("Hello "), chunk("there.", finish_reason="eos")),
           **COMPLETIONS.arguments, stream=True)  # fmt: skip
    (span,) = captured.spans
    assert span["output"] == {"text": "Hello there."}
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["eos"]


@every_way
def test_images_that_are_shown_stand_in_the_input(way: Way, captured: CapturedSpans) -> None:
    if not hasattr(together, "APIStatusError"):
        pytest.skip("up to 1.x the client takes one image, under another name")
    called(way, IMAGES.method, IMAGES.serve.whole, **IMAGES.arguments, image_url="https://images.example/0.png")
    (span,) = captured.spans
    assert span["input"]["messages"][0]["content"] == [
        {"type": "text", "text": "A greeting."},
        {"type": "image_url", "image_url": {"url": "https://images.example/0.png"}},
    ]
    assert "mutagent.request.image_url" not in span["attributes"]


@every_way
def test_streamed_speech_is_recorded_by_its_size(way: Way, captured: CapturedSpans) -> None:
    if not hasattr(together, "APIStatusError"):
        pytest.skip("audio is traced from 2.0 on")
    chunk = {"object": "audio.tts.chunk", "model": "model-1", "b64": "AAAAAA=="}
    called(way, SPEECH.method, events(chunk, chunk), **SPEECH.arguments, stream=True)
    (span,) = captured.spans
    assert span["output"] == {"raw": {"type": "audio", "size": 8}}
    assert span["attributes"]["mutagent.stream.outcome"] == "completed"
