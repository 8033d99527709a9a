"""Together's surfaces, what its API answers, and the spans that they must give."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import Any

from mutagent.capture.media import digest
from tests.integrations.canned import Answer, Answers, event, events, json_answer
from tests.integrations.spans import span_of, streamed, with_attributes, without
from tests.integrations.surfaces import GENERATED, Refusal, Surface, generated_client

PIXELS = b64encode(b"\x89PNG" * 400)
SOUND = b"\xff\xfb\x90" * 40
HELLO = [{"role": "user", "content": "Say hello."}]
USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
COUNTED = {"gen_ai.usage.input_tokens": 4, "gen_ai.usage.output_tokens": 6, "mutagent.usage.raw": USAGE}
HEAD = {"id": "oabc-1", "created": 1, "model": "model-1"}


def _chunk(content: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"role": "assistant", "content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice], **more}


def _text_chunk(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "text": text, "finish_reason": reason, "logprobs": None}
    return {**HEAD, "object": "completion.chunk", "choices": [choice], "token": {"id": 1, "text": text}, **more}


COMPLETION = {
    **HEAD,
    "object": "chat.completion",
    "prompt": [],
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there."}, "finish_reason": "stop"}],
    "usage": USAGE,
}
CHUNKS = (_chunk("Hello "), _chunk("there"), _chunk(".", "stop", usage=USAGE))
TEXT = {
    **HEAD,
    "object": "text.completion",
    "prompt": [],
    "choices": [{"index": 0, "text": "Hello there.", "finish_reason": "stop"}],
    "usage": USAGE,
}
TEXT_CHUNKS = (_text_chunk("Hello "), _text_chunk("there"), _text_chunk(".", "stop", usage=USAGE))
VECTORS = {
    "object": "list",
    "model": "model-1",
    "data": [{"object": "embedding", "index": index, "embedding": [0.5, 0.25]} for index in range(2)],
}
RANKED = {
    "object": "rerank",
    "id": "oabc-1",
    "model": "model-1",
    "results": [
        {"index": 1, "relevance_score": 0.9, "document": {"text": "A greeting."}},
        {"index": 0, "relevance_score": 0.1, "document": {"text": "A farewell."}},
    ],
    "usage": USAGE,
}
DRAWN = {
    "object": "list",
    "id": "oabc-1",
    "model": "model-1",
    "data": [{"index": 0, "type": "b64_json", "b64_json": PIXELS.decode()}],
}
DRAWING = {"type": "image", "size": 1600, "digest": digest(PIXELS)}
REFUSED = json_answer(
    {"error": {"message": "That cannot be.", "type": "invalid_request_error", "code": "broken", "param": None}},
    400,
    x_request_id="req_1",
)
FAILED = event({"error": {"message": "Overloaded", "type": "overloaded_error", "code": "overloaded"}})
_span = partial(span_of, "together")
CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output={"messages": [{"role": "assistant", "content": "Hello there."}]},
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.id": "oabc-1",
        "gen_ai.response.finish_reasons": ["stop"],
        **COUNTED,
    },
)
STREAM_SPAN = streamed(CHAT_SPAN)
_LATER = ("tokens", "gen_ai.response.finish_reasons", *COUNTED)
EARLY = "the stream ended before the chunk that carries the usage"


def _left(span: dict[str, Any], output: dict[str, Any]) -> dict[str, Any]:
    return with_attributes(without({**span, "output": output}, *_LATER), mutagent__usage__missing=EARLY)


LEFT_SPAN = _left(STREAM_SPAN, {"messages": [{"role": "assistant", "content": "Hello there"}]})
TEXT_SPAN = _span(
    "text_completion",
    "llm.completion",
    input={"text": "Say hello."},
    output={"text": "Hello there."},
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={"gen_ai.response.id": "oabc-1", "gen_ai.response.finish_reasons": ["stop"], **COUNTED},
)
TEXT_STREAM_SPAN = streamed(TEXT_SPAN)
EMBEDDINGS_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"raw": ["one", "two"]},
    output={"raw": {"embeddings": 2, "dimensions": 2}},
)
RERANK_SPAN = _span(
    "rerank",
    "rerank",
    input={"text": "Which greets?", "documents": [{"content": "A farewell."}, {"content": "A greeting."}]},
    output={
        "documents": [
            {"content": "A greeting.", "metadata": {"index": 1}, "score": 0.9},
            {"content": "A farewell.", "metadata": {"index": 0}, "score": 0.1},
        ]
    },
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.retrieval.query.text": "Which greets?",
        "gen_ai.response.id": "oabc-1",
        "mutagent.request.top_n": 2,
        **COUNTED,
    },
)
IMAGES_SPAN = _span(
    "generate_content",
    "llm.completion",
    input={"messages": [{"role": "user", "content": "A greeting."}]},
    output={
        "messages": [{"role": "assistant", "content": [{"type": "image", "size": 1600, "digest": digest(PIXELS)}]}]
    },
    attributes={"gen_ai.output.type": "image", "gen_ai.response.id": "oabc-1", "mutagent.request.steps": 4},
)
_HEARD = {"type": "audio", "name": "a.mp3", "size": len(SOUND), "digest": digest(SOUND)}
TRANSCRIPTION_SPAN = without(
    _span(
        "generate_content",
        "llm.completion",
        input={"messages": [{"role": "user", "content": [_HEARD, {"type": "text", "text": "A greeting."}]}]},
        output={"text": "Hello there."},
        attributes={"gen_ai.output.type": "text", "mutagent.request.language": "en"},
    ),
    "gen_ai.response.model",
)
SPEECH_SPAN = without(
    _span(
        "generate_content",
        "llm.completion",
        input={"text": "Hello there."},
        output={"raw": {"type": "audio", "size": len(SOUND), "digest": digest(SOUND)}},
        attributes={
            "gen_ai.output.type": "speech",
            "mutagent.request.voice": "tara",
            "mutagent.request.response_format": "mp3",
            "mutagent.request_id": "req_1",
        },
    ),
    "gen_ai.response.model",
)
COMMON: dict[str, Any] = {
    "integration": "together",
    # Of 2.0 and later: what the contract asks of generated clients, those written by hand before don't have.
    "library": "together._response",
    "client": generated_client("together", "Together"),
    "refusal": Refusal(
        "together.BadRequestError",
        {
            "http.response.status_code": 400,
            "mutagent.error.code": "broken",
            "mutagent.error.type": "invalid_request_error",
            "mutagent.request_id": "req_1",
        },
    ),
    "broken": ("together.APIConnectionError",),
    **GENERATED,
}


def _resource(module: str, name: str, method: str = "create") -> tuple[str, ...]:
    return (f"together.resources.{module}:{{Async}}{name}Resource.{method}",)


CHAT = Surface(
    name="chat",
    method="chat.completions.create",
    stands=_resource("chat.completions", "Completions"),
    arguments={"model": "model-1", "messages": HELLO, "temperature": 0.5},
    serve=Answers(refused=REFUSED, whole=json_answer(COMPLETION), stream=events(*CHUNKS), failed=FAILED),
    whole=CHAT_SPAN,
    streaming={"stream": True},
    streamed=STREAM_SPAN,
    left=LEFT_SPAN,
    **COMMON,
)
COMPLETIONS = Surface(
    name="completions",
    method="completions.create",
    stands=_resource("completions", "Completions"),
    arguments={"model": "model-1", "prompt": "Say hello."},
    serve=Answers(refused=REFUSED, whole=json_answer(TEXT), stream=events(*TEXT_CHUNKS), failed=FAILED),
    whole=TEXT_SPAN,
    streaming={"stream": True},
    streamed=TEXT_STREAM_SPAN,
    left=_left(TEXT_STREAM_SPAN, {"text": "Hello there"}),
    **COMMON,
)
EMBEDDINGS = Surface(
    name="embeddings",
    method="embeddings.create",
    stands=_resource("embeddings", "Embeddings"),
    arguments={"model": "model-1", "input": ["one", "two"]},
    serve=Answers(refused=REFUSED, whole=json_answer(VECTORS)),
    whole=EMBEDDINGS_SPAN,
    **COMMON,
)
RERANK = Surface(
    name="rerank",
    method="rerank.create",
    stands=_resource("rerank", "Rerank"),
    arguments={
        "model": "model-1", "query": "Which greets?", "documents": ["A farewell.", "A greeting."], "top_n": 2,
    },
    serve=Answers(refused=REFUSED, whole=json_answer(RANKED)),
    whole=RERANK_SPAN,
    **COMMON,
)  # fmt: skip
IMAGES = Surface(
    name="images",
    method="images.generate",
    stands=_resource("images", "Images", "generate"),
    arguments={"model": "model-1", "prompt": "A greeting.", "steps": 4},
    serve=Answers(refused=REFUSED, whole=json_answer(DRAWN)),
    whole=IMAGES_SPAN,
    **COMMON,
)
TRANSCRIPTIONS = Surface(
    name="transcriptions",
    method="audio.transcriptions.create",
    stands=_resource("audio.transcriptions", "Transcriptions"),
    arguments={"model": "model-1", "file": ("a.mp3", SOUND), "language": "en", "prompt": "A greeting."},
    serve=Answers(refused=REFUSED, whole=json_answer({"text": "Hello there."})),
    whole=TRANSCRIPTION_SPAN,
    **COMMON,
)
SPEECH = Surface(
    name="speech",
    method="audio.speech.create",
    stands=_resource("audio.speech", "Speech"),
    arguments={"model": "model-1", "input": "Hello there.", "voice": "tara", "response_format": "mp3"},
    serve=Answers(refused=REFUSED, whole=Answer(SOUND, "audio/mpeg", headers={"x-request-id": "req_1"})),
    whole=SPEECH_SPAN,
    plain=lambda answer: answer.http_response.content,
    # An answer is a raw response here, and has no JSON.
    **{**COMMON, "generated": False},
)
SURFACES = (CHAT, COMPLETIONS, EMBEDDINGS, RERANK, IMAGES, TRANSCRIPTIONS, SPEECH)
