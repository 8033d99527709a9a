"""What a call for content says and gets, in all the forms that the client takes."""

from __future__ import annotations

import base64
import json

import pytest

from tests.integrations.google.gemini import (
    COUNTS_THOUGHTS,
    answering,
    at_least,
    calls,
    counts,
    every_way,
    quiet,
    run,
    says,
    vertex,
)
from tests.integrations.ways import WAYS

genai = pytest.importorskip("google.genai")
from google.genai import types  # noqa: E402 - only where it is installed

pytestmark = quiet
SYNC = WAYS[0]
HI = {"model": "gemini-1", "contents": "Hi"}
PIXELS = b"\x89PNG" + bytes(40)
WEATHER = {"name": "weather", "description": "Tells the weather.", "parameters": {"type": "OBJECT", "properties": {}}}


def span_of(captured, *answers, **arguments):
    """The one span of one call."""
    with answering(*(answers or (says("Hello."),))) as server:
        run(SYNC, server, lambda client: SYNC.call(client.models.generate_content, model="gemini-1", **arguments))
    (span,) = captured.spans
    return span


@pytest.mark.skipif(not COUNTS_THOUGHTS, reason="this client does not know of thoughts")
def test_a_call_is_one_span(captured):
    config = {"temperature": 0.5, "top_k": 3, "max_output_tokens": 9, "stop_sequences": ["END"], "candidate_count": 1}
    answer = says("Hello ", "there.", **counts(7, 6, thoughtsTokenCount=5, cachedContentTokenCount=4))
    span = span_of(captured, answer, contents="Say hello.", config={**config, "system_instruction": "Be kind."})
    attributes = span["attributes"]
    assert span["name"] == "chat gemini-1"
    assert span["kind"] == "llm.chat"
    assert span["status"] == "ok"
    assert span["model"] == "gemini-1-001"
    assert span["provider"] == "gcp.gemini"
    assert span["input"]["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Say hello."},
    ]
    assert span["output"]["messages"] == [{"role": "assistant", "content": "Hello there."}]
    assert span["tokens"] == {"input": 7, "output": 11, "total": 18}
    assert attributes.pop("server.port") > 0
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-1",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_k": 3,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.choice.count": 1,
        "gen_ai.system_instructions": "Be kind.",
        "gen_ai.response.model": "gemini-1-001",
        "gen_ai.response.id": "response-1",
        "gen_ai.response.finish_reasons": ["STOP"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 11,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "mutagent.usage.raw": {
            "prompt_token_count": 7,
            "candidates_token_count": 6,
            "thoughts_token_count": 5,
            "cached_content_token_count": 4,
            "total_token_count": 18,
        },
        "server.address": "127.0.0.1",
    }


def test_vertex_is_named(captured):
    with answering(says("Hello.")) as server:
        run(SYNC, server, lambda client: SYNC.call(client.models.generate_content, **HI), vertex)
    assert captured.spans[0]["provider"] == "gcp.vertex_ai"


@pytest.mark.parametrize(
    "contents",
    [
        "Hi",
        ["Hi"],
        types.Part(text="Hi"),
        [types.Part(text="Hi")],
        types.Content(role="user", parts=[types.Part(text="Hi")]),
        {"role": "user", "parts": [{"text": "Hi"}]},
        [{"parts": [{"text": "Hi"}]}],
    ],
    ids=lambda value: type(value).__name__,
)
def test_contents_in_any_form_are_the_same_message(contents, captured):
    assert span_of(captured, contents=contents)["input"]["messages"] == [{"role": "user", "content": "Hi"}]


def test_loose_parts_are_one_message_and_pictures_are_placeholders(captured):
    picture = types.Part(inline_data=types.Blob(mime_type="image/png", data=PIXELS))
    file = types.Part(file_data=types.FileData(mime_type="application/pdf", file_uri="gs://bucket/paper.pdf"))
    span = span_of(captured, contents=["What is this?", picture, file])
    (message,) = span["input"]["messages"]
    text, image, document = message["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert (image["type"], image["media_type"], image["size"]) == ("image", "image/png", len(PIXELS))
    assert document == {"type": "file", "media_type": "application/pdf", "uri": "gs://bucket/paper.pdf"}
    assert base64.b64encode(PIXELS).decode() not in json.dumps(span)


def test_calls_and_results_of_earlier_turns(captured):
    contents = [
        types.Content(role="user", parts=[types.Part(text="Weather?")]),
        # Dicts may be those of the JSON.
        {"role": "model", "parts": [{"functionCall": {"id": "call-1", "name": "weather", "args": {"city": "Paris"}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"id": "call-1", "name": "weather", "response": {"error": "no such city"}}},
            {"text": "And now?"},
        ]},
    ]  # fmt: skip
    config = {"tools": [{"function_declarations": [WEATHER]}, {"google_search": {}}]}
    span = span_of(captured, contents=contents, config=config)
    assert span["input"]["messages"] == [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "toolCalls": [{"id": "call-1", "name": "weather", "arguments": {"city": "Paris"}}],
        },
        {
            "role": "tool",
            "content": {"error": "no such city"},
            "name": "weather",
            "toolCallId": "call-1",
            "isError": True,
        },
        {"role": "user", "content": "And now?"},
    ]
    function, search = span["attributes"]["gen_ai.tool.definitions"]
    assert (function["type"], function["name"], function["description"]) == (
        "function",
        "weather",
        "Tells the weather.",
    )
    assert search == {"type": "google_search"}


def test_thoughts_calls_and_media_of_an_answer(captured):
    thought = {"text": "Let me see.", "thought": True}
    picture = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PIXELS).decode()}}
    code = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}
    span = span_of(captured, says(thought, "Here: ", picture, code, calls("weather", city="Paris")), contents="Hi")
    (message,) = span["output"]["messages"]
    assert message["toolCalls"] == [{"id": None, "name": "weather", "arguments": {"city": "Paris"}}]
    reasoning, text, image, executable = message["content"]
    assert reasoning == {"type": "reasoning", "text": "Let me see."}
    assert text == {"type": "text", "text": "Here: "}
    assert (image["type"], image["media_type"], image["size"]) == ("image", "image/png", len(PIXELS))
    assert executable == {"type": "executable_code", "code": "print(1)", "language": "PYTHON"}


def test_sources_stand_with_the_answer(captured):
    answer = says("It is sunny.")
    answer["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["weather"]}
    (message,) = span_of(captured, answer, contents="Hi")["output"]["messages"]
    assert message["content"] == [
        {"type": "text", "text": "It is sunny."},
        {"type": "grounding_metadata", "web_search_queries": ["weather"]},
    ]


def test_a_blocked_prompt_says_why(captured):
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, **counts(4, 0), "modelVersion": "gemini-1-001"}
    span = span_of(captured, blocked, contents="Hi")
    assert span["status"] == "ok"
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["SAFETY"]
    assert span["attributes"]["mutagent.response.block_reason"] == "SAFETY"
    assert "output" not in span or span["output"] == {"messages": []}


@pytest.mark.skipif(not COUNTS_THOUGHTS, reason="this client does not know of them")
def test_tokens_that_tools_put_into_the_prompt_are_told_apart(captured):
    span = span_of(captured, says("1", **counts(5, 2, toolUsePromptTokenCount=30)), contents="Hi")
    assert span["tokens"] == {"input": 5, "output": 2, "total": 37}
    assert span["attributes"]["mutagent.usage.tool_use.input_tokens"] == 30


@pytest.mark.skipif(not at_least(1, 27), reason="this client gives no HTTP response")
def test_the_http_response_alone_is_read_as_well(captured):
    config = types.GenerateContentConfig(should_return_http_response=True)
    answer = says("Hello.", calls("weather", cityName="Paris"), **counts(7, 6))
    span = span_of(captured, answer, contents="Hi", config=config)
    (message,) = span["output"]["messages"]
    assert message["content"] == "Hello."
    assert message["toolCalls"][0]["arguments"] == {"cityName": "Paris"}
    assert span["tokens"] == {"input": 7, "output": 6, "total": 13}


@every_way
def test_an_error_of_the_provider(way, captured):
    error = {"error": {"code": 404, "status": "NOT_FOUND", "message": "No such model.", "details": [
        {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "request-1"}]}}  # fmt: skip

    async def program(client):
        return await way.call(client.models.generate_content, **HI)

    with answering((404, error)) as server, pytest.raises(genai.errors.ClientError, match="No such model"):
        run(way, server, program)
    (span,) = captured.spans
    assert span["status"] == "error"
    wanted = {
        "error.type": "google.genai.errors.ClientError",
        "http.response.status_code": 404,
        "mutagent.error.code": "NOT_FOUND",
        "mutagent.request_id": "request-1",
    }
    assert {name: span["attributes"].get(name) for name in wanted} == wanted


def test_counting_tokens_is_no_span(captured):
    with answering({"totalTokens": 3}) as server:
        counted = run(SYNC, server, lambda client: SYNC.call(client.models.count_tokens, **HI))
    assert counted.total_tokens == 3
    assert captured.spans == []
