"""OpenAI's surfaces, and the spans that they must give."""

from __future__ import annotations

import importlib
from typing import Any

from tests.integrations.openai import smaller_cases
from tests.integrations.spans import with_attributes, without
from tests.integrations.standin import STANDING_IN
from tests.integrations.surfaces import GENERATED, Refusal, Surface, generated_client

USAGE_MISSING = (
    "the stream carried no usage: pass stream_options={'include_usage': True} or set MUTAGENT_STREAM_USAGE=1"
)
HELLO = [{"role": "user", "content": "Say hello."}]
ANSWER = {"messages": [{"role": "assistant", "content": "You said: Say hello."}]}
KINDS = {"chat": "llm.chat", "text_completion": "llm.completion", "embeddings": "llm.embedding"}


def _span(
    operation: str, input: Any, output: Any, tokens: dict[str, int], attributes: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": f"{operation} model-1",
        "kind": KINDS[operation],
        "status": "ok",
        "input": input,
        "output": output,
        "model": "model-1",
        "provider": "openai",
        "tokens": tokens,
        "attributes": {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "model-1",
            "gen_ai.response.model": "model-1",
            "mutagent.request_id": "req_<ident>",
            "server.address": "127.0.0.1",
            "server.port": "<port>",
            **attributes,
        },
    }


def _streamed(whole: dict[str, Any]) -> dict[str, Any]:
    return with_attributes(
        whole,
        gen_ai__request__stream=True,
        gen_ai__response__time_to_first_chunk="<seconds>",
        mutagent__stream__outcome="completed",
    )


COUNTS = (
    "tokens",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.reasoning.output_tokens",
    "mutagent.usage.audio.input_tokens",
    "mutagent.usage.audio.output_tokens",
    "mutagent.usage.raw",
)
FINISH = "gen_ai.response.finish_reasons"

CHAT_SPAN = _span(
    "chat",
    {"messages": HELLO},
    ANSWER,
    {"input": 4, "output": 6, "total": 10},
    {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.id": "chatcmpl-<ident>",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 6,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "mutagent.usage.audio.input_tokens": 0,
        "mutagent.usage.audio.output_tokens": 0,
        "mutagent.usage.raw": {
            "completion_tokens": 6,
            "prompt_tokens": 4,
            "total_tokens": 10,
            "completion_tokens_details": {
                "accepted_prediction_tokens": 0,
                "audio_tokens": 0,
                "reasoning_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
        },
        "openai.response.service_tier": "default",
        "openai.response.system_fingerprint": "fp_standin",
    },
)
CHAT_STREAM_SPAN = with_attributes(_streamed(without(CHAT_SPAN, *COUNTS)), mutagent__usage__missing=USAGE_MISSING)

RESPONSES_SPAN = _span(
    "chat",
    {"messages": [{"role": "system", "content": "Be kind."}, *HELLO]},
    ANSWER,
    {"input": 7, "output": 6, "total": 13},
    {
        "gen_ai.system_instructions": "Be kind.",
        "gen_ai.response.id": "resp_<ident>",
        "gen_ai.response.finish_reasons": ["completed"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 6,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "mutagent.usage.raw": {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 6,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 13,
        },
        "openai.response.service_tier": "default",
    },
)

COMPLETION_SPAN = _span(
    "text_completion",
    {"text": "Say hello."},
    {"text": "You said: Say hello."},
    {"input": 3, "output": 6, "total": 9},
    {
        "gen_ai.request.max_tokens": 9,
        "gen_ai.response.id": "cmpl-<ident>",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 6,
        "mutagent.usage.raw": {"completion_tokens": 6, "prompt_tokens": 3, "total_tokens": 9},
    },
)
COMPLETION_STREAM_SPAN = with_attributes(
    _streamed(without(COMPLETION_SPAN, *COUNTS)), mutagent__usage__missing=USAGE_MISSING
)

EMBEDDINGS_SPAN = _span(
    "embeddings",
    {"raw": ["a", "b"]},
    {"raw": {"embeddings": 2, "dimensions": 256}},
    {"input": 2, "total": 2},
    {"gen_ai.usage.input_tokens": 2, "mutagent.usage.raw": {"prompt_tokens": 2, "total_tokens": 2}},
)

STREAM = {"stream": True}


def _surface(name: str, method: str, arguments: dict[str, Any], whole: dict[str, Any], **more: Any) -> Surface:
    *path, function = method.split(".")
    cls = f"{{Async}}{path[-1].capitalize()}.{function}"
    module = "openai.resources." + ".".join(path)
    return Surface(
        "openai",
        name,
        "openai",
        generated_client("openai", "OpenAI", "/v1"),
        method,
        (f"{module}.{path[-1]}:{cls}", f"{module}:{cls}"),
        arguments,
        STANDING_IN,
        Refusal(
            "openai.BadRequestError",
            {
                "http.response.status_code": 400,
                "mutagent.error.code": "broken",
                "mutagent.error.type": "invalid_request_error",
                "mutagent.request_id": "req_<ident>",
            },
        ),
        broken=("openai.APIConnectionError",),
        whole=whole,
        here=here,
        **GENERATED,
        **more,
    )


def here(span: dict[str, Any]) -> dict[str, Any]:
    """Before 1.45 whole answers did not tell the request's id."""
    from_headers = "mutagent.stream.outcome" in span["attributes"]
    tells = from_headers or hasattr(importlib.import_module("openai._models"), "add_request_id")
    return span if tells else without(span, "mutagent.request_id")


CHAT = _surface(
    "chat completions",
    "chat.completions.create",
    {"model": "model-1", "messages": HELLO, "temperature": 0.5},
    CHAT_SPAN,
    streaming=STREAM,
    streamed=CHAT_STREAM_SPAN,
    left=without({**CHAT_STREAM_SPAN, "output": {"messages": [{"role": "assistant", "content": "You "}]}}, FINISH),
)
RESPONSES = _surface(
    "responses",
    "responses.create",
    {"model": "model-1", "input": "Say hello.", "instructions": "Be kind."},
    RESPONSES_SPAN,
    streaming=STREAM,
    streamed=_streamed(RESPONSES_SPAN),
    left=with_attributes(
        without(_streamed(RESPONSES_SPAN), "output", *COUNTS), gen_ai__response__finish_reasons=["in_progress"]
    ),
)
COMPLETIONS = _surface(
    "completions",
    "completions.create",
    {"model": "model-1", "prompt": "Say hello.", "max_tokens": 9},
    COMPLETION_SPAN,
    streaming=STREAM,
    streamed=COMPLETION_STREAM_SPAN,
    left=without({**COMPLETION_STREAM_SPAN, "output": {"text": "You said: "}}, FINISH),
)
EMBEDDINGS = _surface("embeddings", "embeddings.create", {"model": "model-1", "input": ["a", "b"]}, EMBEDDINGS_SPAN)
SURFACES = (CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, *smaller_cases.SURFACES)
