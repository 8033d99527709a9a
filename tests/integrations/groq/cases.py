"""Groq's surfaces, what its API answers, and the spans that they must give."""

from __future__ import annotations

from functools import partial
from typing import Any

from mutagent.capture.media import digest
from tests.integrations.canned import Answer, Answers, event, events, json_answer
from tests.integrations.spans import span_of, streamed, without
from tests.integrations.surfaces import GENERATED, Refusal, Surface, generated_client

HELLO = [{"role": "user", "content": "Say hello."}]
USAGE = {"queue_time": 0.01, "prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10, "total_time": 0.02}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "model-1", "system_fingerprint": "fp_1"}
REQUEST = {"x_groq": {"id": "req_1"}}


def _choice(key: str, content: str | None, reason: str | None) -> dict[str, Any]:
    said = {"role": "assistant", "content": content} if content is not None else {}
    return {"choices": [{"index": 0, key: said, "finish_reason": reason, "logprobs": None}]}


def _chunk(content: str | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {**HEAD, "object": "chat.completion.chunk", **_choice("delta", content, reason), **more}


COMPLETION = {
    **HEAD,
    "object": "chat.completion",
    **_choice("message", "Hello there.", "stop"),
    "usage": USAGE,
    **REQUEST,
}
CHUNKS = (
    _chunk("", **REQUEST),
    _chunk("Hello "),
    _chunk("there."),
    _chunk(None, "stop", x_groq={"id": "req_1", "usage": USAGE}),
)
VECTORS = {
    "object": "list",
    "model": "model-1",
    "data": [{"object": "embedding", "index": index, "embedding": [0.5, 0.25]} for index in range(2)],
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
SOUND = b"\xff\xfb\x90" * 40
REFUSED = json_answer(
    {"error": {"message": "That cannot be.", "type": "invalid_request_error", "code": "broken"}},
    400,
    x_request_id="req_1",
)
FAILED = event({"error": {"message": "Overloaded", "type": "overloaded_error", "code": "overloaded"}})
_span = partial(span_of, "groq")
CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output={"messages": [{"role": "assistant", "content": "Hello there."}]},
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 6,
        "mutagent.request_id": "req_1",
        "mutagent.usage.raw": USAGE,
        "openai.response.system_fingerprint": "fp_1",
    },
)
STREAM_SPAN = streamed(CHAT_SPAN)
# Two chunks: the role, and the first word. The usage would have come with the last.
LEFT_SPAN = without(
    {**STREAM_SPAN, "output": {"messages": [{"role": "assistant", "content": "Hello "}]}},
    "tokens",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "mutagent.usage.raw",
)
EMBEDDINGS_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"raw": ["one", "two"]},
    output={"raw": {"embeddings": 2, "dimensions": 2}},
    tokens={"input": 2, "total": 2},
    attributes={"gen_ai.usage.input_tokens": 2, "mutagent.usage.raw": {"prompt_tokens": 2, "total_tokens": 2}},
)
TRANSCRIPTION_SPAN = _span(
    "generate_content",
    "llm.completion",
    input={
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "audio", "name": "a.mp3", "size": len(SOUND), "digest": digest(SOUND)},
                    {"type": "text", "text": "A greeting."},
                ],
            }
        ]
    },
    output={"text": "Hello there."},
    attributes={"gen_ai.output.type": "text", "mutagent.request.language": "en"},
)
del TRANSCRIPTION_SPAN["attributes"]["gen_ai.response.model"]
SPEECH_SPAN = _span(
    "generate_content",
    "llm.completion",
    input={"text": "Hello there."},
    output={"raw": {"type": "audio", "size": len(SOUND), "digest": digest(SOUND)}},
    attributes={
        "gen_ai.output.type": "speech",
        "mutagent.request.voice": "Fritz",
        "mutagent.request.response_format": "mp3",
        "mutagent.request_id": "req_1",
    },
)
del SPEECH_SPAN["attributes"]["gen_ai.response.model"]
COMMON: dict[str, Any] = {
    "integration": "groq",
    "library": "groq",
    "client": generated_client("groq", "Groq"),
    "refusal": Refusal(
        "groq.BadRequestError",
        {
            "http.response.status_code": 400,
            "mutagent.error.code": "broken",
            "mutagent.error.type": "invalid_request_error",
            "mutagent.request_id": "req_1",
        },
    ),
    "broken": ("groq.APIConnectionError",),
    **GENERATED,
}
CHAT = Surface(
    name="chat",
    method="chat.completions.create",
    stands=("groq.resources.chat.completions:{Async}Completions.create",),
    arguments={"model": "model-1", "messages": HELLO, "temperature": 0.5},
    serve=Answers(
        refused=REFUSED, whole=json_answer(COMPLETION, x_request_id="req_1"),
        stream=events(*CHUNKS, x_request_id="req_1"), failed=FAILED,
    ),
    whole=CHAT_SPAN,
    streaming={"stream": True},
    streamed=STREAM_SPAN,
    left=LEFT_SPAN,
    **COMMON,
)  # fmt: skip
EMBEDDINGS = Surface(
    name="embeddings",
    method="embeddings.create",
    stands=("groq.resources.embeddings:{Async}Embeddings.create",),
    arguments={"model": "model-1", "input": ["one", "two"]},
    serve=Answers(refused=REFUSED, whole=json_answer(VECTORS)),
    whole=EMBEDDINGS_SPAN,
    **COMMON,
)
TRANSCRIPTIONS = Surface(
    name="transcriptions",
    method="audio.transcriptions.create",
    stands=("groq.resources.audio.transcriptions:{Async}Transcriptions.create",),
    arguments={"model": "model-1", "file": ("a.mp3", SOUND), "language": "en", "prompt": "A greeting."},
    serve=Answers(refused=REFUSED, whole=json_answer({"text": "Hello there."})),
    whole=TRANSCRIPTION_SPAN,
    **COMMON,
)
SPEECH = Surface(
    name="speech",
    method="audio.speech.create",
    stands=("groq.resources.audio.speech:{Async}Speech.create",),
    arguments={"model": "model-1", "input": "Hello there.", "voice": "Fritz", "response_format": "mp3"},
    serve=Answers(refused=REFUSED, whole=Answer(SOUND, "audio/mpeg", headers={"x-request-id": "req_1"})),
    whole=SPEECH_SPAN,
    plain=lambda answer: answer.http_response.content,
    # An answer is a raw response here, and has no JSON.
    **{**COMMON, "generated": False},
)
SURFACES = (CHAT, EMBEDDINGS, TRANSCRIPTIONS, SPEECH)
