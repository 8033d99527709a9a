"""Ollama's surfaces, what its server answers, and the spans that they must give."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from tests.integrations.canned import Answers, json_answer, lines
from tests.integrations.spans import span_of, streamed, without
from tests.integrations.surfaces import Refusal, Surface
from tests.integrations.ways import Way

HELLO = [{"role": "user", "content": "Say hello."}]
COUNTS = {"prompt_eval_count": 4, "eval_count": 6, "total_duration": 9}
END = {"done": True, "done_reason": "stop", **COUNTS}
AT = "2026-01-01T00:00:00Z"


def client(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A client; it knows no key."""
    return getattr(import_module("ollama"), way.parts["Async"] + "Client")(host=url, **options)


async def close(way: Way, made: Any) -> None:
    """The first releases have no method for it."""
    await way.close(made._client)


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "model-1", "created_at": AT, "message": {"role": "assistant", "content": text}, **more}


def _generated(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "model-1", "created_at": AT, "response": text, **more}


_span = partial(span_of, "ollama")
COUNTED = {
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 4,
    "gen_ai.usage.output_tokens": 6,
    "mutagent.usage.raw": COUNTS,
}
TOKENS = {"input": 4, "output": 6, "total": 10}
OPTIONS = {"temperature": 0.5, "num_predict": 9}
ASKED = {
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 9,
    "mutagent.request.options": OPTIONS,
}
CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output={"messages": [{"role": "assistant", "content": "Hello there."}]},
    tokens=TOKENS,
    attributes={**ASKED, **COUNTED},
)
GENERATE_SPAN = _span(
    "text_completion",
    "llm.completion",
    input={"text": "Say hello."},
    output={"text": "Hello there."},
    tokens=TOKENS,
    attributes={**ASKED, **COUNTED, "gen_ai.system_instructions": "Be kind."},
)
EMBED_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"raw": ["one", "two"]},
    output={"raw": {"embeddings": 2, "dimensions": 2}},
    tokens={"input": 2},
    attributes={"gen_ai.usage.input_tokens": 2, "mutagent.usage.raw": {"prompt_eval_count": 2}},
)
OLDER_SPAN = without(
    {**EMBED_SPAN, "input": {"text": "one"}, "output": {"raw": {"embeddings": 1, "dimensions": 2}}},
    "tokens",
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "mutagent.usage.raw",
)


def _left(span: dict[str, Any], output: dict[str, Any]) -> dict[str, Any]:
    """After two pieces; the counts come with the last."""
    return without({**span, "output": output}, "tokens", *COUNTED)


def _surface(name: str, method: str, arguments: dict[str, Any], **more: Any) -> Surface:
    return Surface(
        integration="ollama",
        name=name,
        library="ollama",
        client=client,
        close=close,
        method=method,
        stands=(f"ollama._client:{{Async}}Client.{method}",),
        arguments=arguments,
        refusal=Refusal("ollama._types.ResponseError", {"http.response.status_code": 400}, message="That cannot be."),
        broken=("httpx.RemoteProtocolError", "httpx.ReadError"),
        lazy=True,
        inapplicable=INAPPLICABLE,
        **more,
    )


# Streams are generators; what goes wrong in their midst is a text alone.
INAPPLICABLE = {
    "test_a_stream_whose_block_is_left_early_keeps_what_had_arrived": "a generator is no context manager",
}
REFUSED = json_answer({"error": "That cannot be."}, 400)
CHAT_STREAM, GENERATE_STREAM = streamed(CHAT_SPAN), streamed(GENERATE_SPAN)
SURFACES = (
    _surface(
        "chat",
        "chat",
        {"model": "model-1", "messages": HELLO, "options": OPTIONS},
        serve=Answers(
            refused=REFUSED,
            whole=json_answer(_said("Hello there.", **END)),
            stream=lines(_said("Hello "), _said("there."), _said("", **END)),
        ),
        whole=CHAT_SPAN,
        streaming={"stream": True},
        streamed=CHAT_STREAM,
        left=_left(CHAT_STREAM, {"messages": [{"role": "assistant", "content": "Hello there."}]}),
    ),
    _surface(
        "generate",
        "generate",
        {"model": "model-1", "prompt": "Say hello.", "system": "Be kind.", "options": OPTIONS},
        serve=Answers(
            refused=REFUSED,
            whole=json_answer(_generated("Hello there.", **END)),
            stream=lines(_generated("Hello "), _generated("there."), _generated("", **END)),
        ),
        whole=GENERATE_SPAN,
        streaming={"stream": True},
        streamed=GENERATE_STREAM,
        left=_left(GENERATE_STREAM, {"text": "Hello there."}),
    ),
    _surface(
        "embed",
        "embed",
        {"model": "model-1", "input": ["one", "two"]},
        serve=Answers(
            refused=REFUSED,
            whole=json_answer({"model": "model-1", "embeddings": [[0.5, 0.25]] * 2, "prompt_eval_count": 2}),
        ),
        whole=EMBED_SPAN,
    ),
    _surface(
        "embeddings",
        "embeddings",
        {"model": "model-1", "prompt": "one"},
        serve=Answers(refused=REFUSED, whole=json_answer({"embedding": [0.5, 0.25]})),
        whole=OLDER_SPAN,
    ),
)
