"""The surfaces of Google's Gen AI client, what Gemini answers, and the spans that they must give."""

from __future__ import annotations

import importlib
from typing import Any

from tests.integrations.canned import Answers, event, events, json_answer
from tests.integrations.spans import with_attributes, without
from tests.integrations.surfaces import KEY, Refusal, Surface
from tests.integrations.ways import ASYNC, SYNC, Way

COUNTS = {"promptTokenCount": 4, "candidatesTokenCount": 6, "totalTokenCount": 10}
TOLD = {"prompt_token_count": 4, "candidates_token_count": 6, "total_token_count": 10}


def client(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A client of the server at ``url``."""
    library = importlib.import_module("google.genai")
    # By itself the async client tries again after up to ten seconds.
    once = {"retry_options": {"attempts": 1}} if "retry_options" in library.types.HttpOptions.model_fields else {}
    made = library.Client(api_key=KEY, http_options={"base_url": url, **once, **options})
    if way is SYNC:
        return made
    # What it is part of closes its connections when it is collected.
    made.aio.__dict__["whole"] = made
    return made.aio


async def close(way: Way, client: Any) -> None:
    """Close a client; older ones close when they are collected."""
    closing = getattr(client, "aclose" if way is ASYNC else "close", None)
    if closing is not None:
        await way.wait(closing())


def plain(value: Any) -> Any:
    """A result without the headers of its response, which have the time."""
    return (
        [plain(each) for each in value]
        if isinstance(value, list)
        else {**value.model_dump(), "sdk_http_response": None}
    )


def _says(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    candidates = [candidate if reason is None else {**candidate, "finishReason": reason}]
    return {"candidates": candidates, "modelVersion": "gemini-1", "responseId": "response-1", **more}


REFUSED = json_answer(
    {"error": {"code": 400, "message": "That cannot be.", "status": "INVALID_ARGUMENT"}}, 400, x_request_id="req_1"
)
CHUNKS = (_says("Hello "), _says("there"), _says(".", "STOP", usageMetadata=COUNTS))
FAILED = event({"error": {"code": 503, "message": "Overloaded", "status": "overloaded"}})
SYSTEM = "Be kind."
ARGUMENTS = {
    "model": "gemini-1",
    "contents": [{"role": "user", "parts": [{"text": "Say hello."}]}],
    "config": {"temperature": 0.5, "system_instruction": SYSTEM},
}
SPAN: dict[str, Any] = {
    "name": "chat gemini-1",
    "kind": "llm.chat",
    "status": "ok",
    "input": {"messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Say hello."}]},
    "output": {"messages": [{"role": "assistant", "content": "Hello there."}]},
    "model": "gemini-1",
    "provider": "gcp.gemini",
    "tokens": {"input": 4, "output": 6, "total": 10},
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-1",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.system_instructions": SYSTEM,
        "gen_ai.response.model": "gemini-1",
        "gen_ai.response.id": "response-1",
        "gen_ai.response.finish_reasons": ["STOP"],
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 6,
        "mutagent.usage.raw": TOLD,
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    },
}
STREAM_SPAN = with_attributes(
    SPAN,
    gen_ai__request__stream=True,
    gen_ai__response__time_to_first_chunk="<seconds>",
    mutagent__stream__outcome="completed",
)
LEFT_SPAN = without(
    STREAM_SPAN,
    "tokens",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "mutagent.usage.raw",
)
LEFT_SPAN["output"] = {"messages": [{"role": "assistant", "content": "Hello there"}]}
EMBEDDINGS_SPAN: dict[str, Any] = {
    "name": "embeddings embed-1",
    "kind": "llm.embedding",
    "status": "ok",
    "input": {"raw": ["one", "two"]},
    "output": {"raw": {"embeddings": 2, "dimensions": 2}},
    "model": "embed-1",
    "provider": "gcp.gemini",
    "attributes": {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "embed-1",
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    },
}


def here(span: dict[str, Any]) -> dict[str, Any]:
    """Older clients drop an answer's id."""
    answer = importlib.import_module("google.genai.types").GenerateContentResponse
    return span if "response_id" in answer.model_fields else without(span, "gen_ai.response.id")


COMMON: dict[str, Any] = {
    "integration": "google-genai",
    "library": "google.genai",
    "client": client,
    "close": close,
    "plain": plain,
    "here": here,
    "refusal": Refusal(
        "google.genai.errors.ClientError",
        {
            "http.response.status_code": 400,
            "mutagent.error.code": "INVALID_ARGUMENT",
            "mutagent.request_id": "req_1",
        },
    ),
    "broken": (
        "httpx.RemoteProtocolError",
        "httpx.ReadError",
        "httpx2.RemoteProtocolError",
        "httpx2.ReadError",
        "aiohttp.client_exceptions.ServerDisconnectedError",
        # Of older ones.
        "requests.exceptions.ConnectionError",
        "requests.exceptions.ChunkedEncodingError",
    ),
}
CONTENT = Surface(
    name="content",
    method="models.generate_content",
    stands=("google.genai.models:{Async}Models.generate_content",),
    arguments=ARGUMENTS,
    serve=Answers(refused=REFUSED, whole=json_answer(_says("Hello there.", "STOP", usageMetadata=COUNTS))),
    whole=SPAN,
    secrets={"config": {**ARGUMENTS["config"], "http_options": {
        "headers": {"x-secret": "header-secret", "x-other": "query-secret"}}}},  # type: ignore[dict-item]
    **COMMON,
)  # fmt: skip
STREAM = Surface(
    name="streamed content",
    method="models.generate_content_stream",
    stands=("google.genai.models:{Async}Models.generate_content_stream",),
    arguments=ARGUMENTS,
    serve=Answers(refused=REFUSED, stream=events(*CHUNKS, done=False), failed=FAILED),
    streamed=STREAM_SPAN,
    left=LEFT_SPAN,
    lazy=True,
    failed={"gen_ai.request.stream": True, "mutagent.stream.outcome": "failed"},
    inapplicable={
        "test_a_stream_whose_block_is_left_early_keeps_what_had_arrived": "a generator is no context manager",
        "test_a_stream_that_is_forgotten_ends_when_it_is_collected": "Python closes a generator that it collects",
    },
    **COMMON,
)
EMBEDDINGS = Surface(
    name="embeddings",
    method="models.embed_content",
    stands=("google.genai.models:{Async}Models.embed_content",),
    arguments={"model": "embed-1", "contents": ["one", "two"]},
    serve=Answers(refused=REFUSED, whole=json_answer({"embeddings": [{"values": [0.5, 0.25]}] * 2})),
    whole=EMBEDDINGS_SPAN,
    **COMMON,
)
SURFACES = (CONTENT, STREAM, EMBEDDINGS)
