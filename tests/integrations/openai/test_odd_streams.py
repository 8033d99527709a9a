"""What hosts that speak OpenAI's protocol stream beyond it, and what the API streams rarely."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.canned import answering, streaming

openai = pytest.importorskip("openai")


def chunk(delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": None, **choice}]
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


def call(index: int | None, identity: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    piece = {"index": index, "id": identity, "type": "function", "function": function}
    return {"tool_calls": [{key: value for key, value in piece.items() if value is not None}]}


OSLO, ROME = {"city": "Oslo"}, {"city": "Rome"}
BOTH = [{"id": "a", "name": "weather", "arguments": OSLO}, {"id": "b", "name": "weather", "arguments": ROME}]
STREAMS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "reasoning beside empty content": (
        [{"content": "", "reasoning": "We "}, {"content": "", "reasoning": "think."}, {"content": "Yes."}],
        [
            {
                "role": "assistant",
                "content": [{"type": "reasoning", "text": "We think."}, {"type": "text", "text": "Yes."}],
            }
        ],
    ),
    "tool calls beside content": (
        [{"content": "Look: ", **call(0, "a", "weather", '{"city": ')}, call(0, None, None, '"Oslo"}')],
        [{"role": "assistant", "content": "Look: ", "toolCalls": BOTH[:1]}],
    ),
    "parallel calls under one index": (
        [call(0, "a", "weather", '{"city": "Oslo"}'), call(0, "b", "weather", '{"city": "Rome"}')],
        [{"role": "assistant", "content": None, "toolCalls": BOTH}],
    ),
    "parallel calls in turns": (
        [
            call(0, "a", "weather", ""),
            call(1, "b", "weather", ""),
            call(0, None, None, '{"city": "Oslo"}'),
            call(1, None, None, '{"city": "Rome"}'),
        ],
        [{"role": "assistant", "content": None, "toolCalls": BOTH}],
    ),
    "whole calls without an index or an id": (
        [call(None, None, "weather", '{"city": "Oslo"}'), call(None, None, "weather", '{"city": "Rome"}')],
        [{"role": "assistant", "content": None, "toolCalls": [{**found, "id": None} for found in BOTH]}],
    ),
    "a legacy function call": (
        [{"function_call": {"name": "weather", "arguments": '{"city": '}}, {"function_call": {"arguments": '"Oslo"}'}}],
        [{"role": "assistant", "content": None, "toolCalls": [{"name": "weather", "arguments": OSLO}]}],
    ),
    "a refusal": (
        [{"refusal": "I "}, {"refusal": "won't."}],
        [{"role": "assistant", "content": [{"type": "refusal", "refusal": "I won't."}]}],
    ),
    "citations of a web search": (
        [{"content": "It rains."}, {"annotations": [{"type": "url_citation", "url_citation": {"title": "Weather"}}]}],
        [
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "text",
                        "text": "It rains.",
                        "annotations": [{"type": "url_citation", "url_citation": {"title": "Weather"}}],
                    }
                ],
            }
        ],
    ),
    "spoken answers": (
        [
            {"audio": {"id": "audio_1", "transcript": "Good "}},
            {"audio": {"transcript": "day."}},
            {"audio": {"data": "AAAAAAAA"}},
            {"audio": {"data": "AAA="}},
        ],
        [
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "audio",
                        "audio": {"id": "audio_1", "transcript": "Good day.", "data": {"type": "media", "size": 8}},
                    }
                ],
            }
        ],
    ),
}


def read(url: str, **more: Any) -> Any:
    with openai.OpenAI(base_url=url, api_key="key-of-the-test", max_retries=0) as client:
        messages = [{"role": "user", "content": "Hello."}]
        answer = client.chat.completions.create(model="m", messages=messages, **more)
        return list(answer) if more.get("stream") else answer


@pytest.mark.parametrize(("deltas", "messages"), STREAMS.values(), ids=STREAMS)
def test_a_stream_of(deltas, messages, captured):
    with streaming(*(chunk(delta) for delta in deltas), chunk({}, finish_reason="stop")) as url:
        read(url, stream=True)
    (span,) = captured.spans
    assert without_absent(span["output"]["messages"]) == without_absent(messages)


def without_absent(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages whose tool calls have no empty ids."""
    for message in messages:
        for tool_call in message.get("toolCalls", ()):
            if tool_call.get("id") is None:
                tool_call.pop("id", None)
    return messages


def test_several_choices_are_messages_in_their_order(captured):
    chunks = [
        chunk({"content": "two"}, index=1),
        chunk({"content": "one"}),
        chunk({}, index=1, finish_reason="length"),
        chunk({}, finish_reason="stop"),
    ]
    with streaming(*chunks) as url:
        read(url, stream=True)
    (span,) = captured.spans
    assert [message["content"] for message in span["output"]["messages"]] == ["one", "two"]
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["stop", "length"]


USAGES = {
    "xAI counts reasoning apart": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 45,
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
        {"gen_ai.usage.output_tokens": 35, "gen_ai.usage.reasoning.output_tokens": 30},
    ),
    "OpenAI counts reasoning in": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 35,
            "total_tokens": 45,
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
        {"gen_ai.usage.output_tokens": 35, "gen_ai.usage.reasoning.output_tokens": 30},
    ),
    "DeepSeek's cache hits": (
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_cache_hit_tokens": 8},
        {"gen_ai.usage.cache_read.input_tokens": 8, "gen_ai.usage.output_tokens": 5},
    ),
    "cached tokens beside the others": (
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cached_tokens": 8},
        {"gen_ai.usage.cache_read.input_tokens": 8, "gen_ai.usage.output_tokens": 5},
    ),
}


@pytest.mark.parametrize(("usage", "counts"), USAGES.values(), ids=USAGES)
def test_usage_as(usage, counts, captured):
    message = {"role": "assistant", "content": "Yes."}
    with answering({"id": "c1", "model": "m", "choices": [{"index": 0, "message": message}], "usage": usage}) as url:
        read(url)
    (span,) = captured.spans
    assert {name: span["attributes"].get(name) for name in counts} == counts


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_answer_with_next_to_nothing_in_it_is_still_a_span(stream, captured):
    with streaming({"choices": []}) if stream else answering({"choices": [{"finish_reason": "content_filter"}]}) as url:
        read(url, **({"stream": True} if stream else {}))
    (span,) = captured.spans
    assert (span["status"], span["model"]) == ("ok", "m")


def test_usage_in_the_event_that_carries_an_error_is_recorded(captured):
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    failed = {**chunk({"content": ""}), "error": {"code": 400, "message": "Token limit reached"}, "usage": usage}
    with streaming(chunk({"content": "One"}), failed) as url, pytest.raises(openai.APIError, match="Token limit"):
        read(url, stream=True)
    (span,) = captured.spans
    assert (span["status"], span["error"]) == ("error", "Token limit reached")
    assert (span["tokens"], span["output"]["messages"][0]["content"]) == (
        {"input": 10, "output": 5, "total": 15},
        "One",
    )


RESPONSE = {"id": "resp_1", "object": "response", "model": "m", "status": "in_progress", "output": []}
DONE = {"type": "message", "id": "m1", "role": "assistant", "content": [{"type": "output_text", "text": "One."}]}
CALL = {"type": "function_call", "id": "f1", "call_id": "call_1", "name": "weather", "arguments": '{"city": "Oslo"}'}
FAILED = {"type": "mcp_call", "id": "mcp_1", "name": "find", "arguments": "{}", "error": "unreachable", "output": None}


def read_response(url: str, leave_after: int | None = None) -> None:
    if not hasattr(openai.OpenAI, "responses"):
        pytest.skip("openai before the Responses API")
    client = openai.OpenAI(base_url=url, api_key="key-of-the-test", max_retries=0)
    with client, client.responses.create(model="m", input="Hello.", stream=True) as stream:
        for number, _ in enumerate(stream, start=1):
            if number == leave_after:
                break


def test_a_response_that_is_left_early_keeps_its_items_and_its_text(captured):
    events = (
        {"type": "response.created", "response": RESPONSE},
        {"type": "response.output_item.done", "item": DONE},
        {"type": "response.output_item.done", "item": CALL},
        {"type": "response.output_text.delta", "delta": "Two"},
        {"type": "response.output_text.delta", "delta": " more"},
    )
    with streaming(*events, named=True) as url:
        read_response(url, leave_after=4)
    (span,) = captured.spans
    assert span["attributes"]["mutagent.stream.outcome"] == "closed"
    assert span["output"] == {
        "messages": [
            {
                "role": "assistant",
                "content": "One.Two",
                "toolCalls": [{"id": "call_1", "name": "weather", "arguments": OSLO}],
            }
        ]
    }


def test_a_final_event_without_output_does_not_lose_the_items(captured):
    events = (
        {"type": "response.created", "response": RESPONSE},
        {"type": "response.output_item.done", "item": DONE},
        {"type": "response.completed", "response": {**RESPONSE, "status": "completed"}},
    )
    with streaming(*events, named=True) as url:
        read_response(url)
    (span,) = captured.spans
    assert span["output"] == {"messages": [{"role": "assistant", "content": "One."}]}


def test_a_failed_mcp_call_says_why(captured):
    final = {**RESPONSE, "status": "completed", "output": [FAILED]}
    with streaming({"type": "response.completed", "response": final}, named=True) as url:
        read_response(url)
    (message,) = captured.spans[0]["output"]["messages"]
    assert message["toolCalls"] == [
        {"id": "mcp_1", "name": "mcp:find", "arguments": {}, "result": {"error": "unreachable"}}
    ]


def test_a_response_that_failed_is_a_failed_span(captured):
    error = {"code": "server_error", "message": "The model broke."}
    final = {**RESPONSE, "status": "failed", "error": error}
    with streaming({"type": "response.failed", "response": final}, named=True) as url:
        read_response(url)
    (span,) = captured.spans
    assert (span["status"], span["error"]) == ("error", "The model broke.")
    assert span["attributes"]["mutagent.error.code"] == "server_error"
