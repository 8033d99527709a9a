"""LiteLLM's surfaces, what a provider answers, and the spans that they must give."""

from __future__ import annotations

import importlib
import logging
from functools import partial
from typing import Any

from tests.integrations.canned import Answers, event, events, json_answer
from tests.integrations.spans import with_attributes, without
from tests.integrations.surfaces import KEY, Refusal, Surface, dumped
from tests.integrations.ways import Way

HELLO = [{"role": "user", "content": "Say hello."}]
USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "model-1", "system_fingerprint": "fp_1"}
USAGE_MISSING = (
    "the stream carried no usage: pass stream_options={'include_usage': True} or set MUTAGENT_STREAM_USAGE=1"
)


class Functions:
    """LiteLLM's functions, each with the server's URL among its arguments."""

    def __init__(self, way: Way, url: str, options: dict[str, Any]) -> None:
        self._litellm = importlib.import_module("litellm")
        self._litellm.suppress_debug_info = True
        # It counts on stderr what its logging carries from one event loop to the next.
        logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
        self._options = {"api_base": url, "api_key": KEY, "max_retries": 0, **options}

    def __getattr__(self, name: str) -> Any:
        return partial(getattr(self._litellm, name), **self._options)


async def _close(way: Way, client: Any) -> None:
    """The functions hold nothing open that a test could close."""


def _plain(value: Any) -> Any:
    """A result or a chunk without the second in which LiteLLM made it."""
    found = dumped(value)
    return {name: part for name, part in found.items() if name != "created"} if isinstance(found, dict) else found


def _choice(key: str, content: str | None, reason: str | None) -> dict[str, Any]:
    said = {"role": "assistant", "content": content} if content is not None else {}
    return {"choices": [{"index": 0, key: said, "finish_reason": reason, "logprobs": None}]}


def _chunk(content: str | None, reason: str | None = None) -> dict[str, Any]:
    return {**HEAD, "object": "chat.completion.chunk", **_choice("delta", content, reason)}


COMPLETION = {**HEAD, "object": "chat.completion", **_choice("message", "Hello there.", "stop"), "usage": USAGE}
CHUNKS = (_chunk("Hello "), _chunk("there."), _chunk(None, "stop"))
VECTORS = {
    "object": "list",
    "model": "model-1",
    "data": [{"object": "embedding", "index": index, "embedding": [0.5, 0.25]} for index in range(2)],
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
REFUSED = json_answer({"error": {"message": "That cannot be.", "type": "invalid_request_error", "code": "broken"}}, 400)
FAILED = event({"error": {"message": "Overloaded", "type": "overloaded_error", "code": "overloaded"}})


def _span(operation: str, kind: str, **fields: Any) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "model-1",
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    }
    head = {"name": f"{operation} model-1", "kind": kind, "status": "ok", "provider": "openai"}
    return {**head, **fields, "attributes": {**attributes, **fields["attributes"]}}


CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output={"messages": [{"role": "assistant", "content": "Hello there."}]},
    model="model-1",
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "model-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 6,
        "mutagent.usage.raw": USAGE,
        "openai.response.system_fingerprint": "fp_1",
    },
)
COUNTS = ("tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "mutagent.usage.raw")
STREAM_SPAN = with_attributes(
    without(CHAT_SPAN, *COUNTS),
    gen_ai__request__stream=True,
    gen_ai__response__time_to_first_chunk="<seconds>",
    mutagent__stream__outcome="completed",
    mutagent__usage__missing=USAGE_MISSING,
)
LEFT_SPAN = without(STREAM_SPAN, "gen_ai.response.finish_reasons")
EMBEDDINGS_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"raw": ["one", "two"]},
    output={"raw": {"embeddings": 2, "dimensions": 2}},
    model="model-1",
    tokens={"input": 2, "total": 2},
    attributes={
        "gen_ai.response.model": "model-1",
        "gen_ai.usage.input_tokens": 2,
        "mutagent.usage.raw": {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2},
    },
)
STATUS = "whatever broke, its exceptions say that a status came; test_tries.py asks for the rest"
REFUSAL = "litellm.exceptions.BadRequestError"
COMMON: dict[str, Any] = {
    "integration": "litellm",
    "library": "litellm",
    "client": Functions,
    "close": _close,
    "plain": _plain,
    "retrying": {"max_retries": 2},
    "secrets": {
        "extra_headers": {"x-secret": "header-secret", "authorization": "Bearer header-secret"},
        "timeout": 5.0,
    },
    "broken": ("litellm.exceptions.InternalServerError", "litellm.exceptions.APIConnectionError"),
    "inapplicable": {
        "test_a_connection_that_breaks_is_an_error": STATUS,
        "test_a_connection_that_breaks_in_mid_stream_is_an_error_with_what_had_arrived": STATUS,
        "test_an_error_event_in_mid_stream_fails_the_span": "it makes an exception of its own, without the code",
        "test_a_reader_that_fails_leaves_the_call_alone_and_is_switched_off": "the function beneath takes over",
        "test_a_bound_method_can_be_copied_and_called": "a function is its own copy",
        "test_wrong_arguments_raise_what_they_raised_without_us": "it takes any argument and passes it on",
    },
}
CHAT = Surface(
    name="completion",
    method="{a}completion",
    stands=("litellm:{a}completion",),
    arguments={"model": "openai/model-1", "messages": HELLO, "temperature": 0.5},
    serve=Answers(refused=REFUSED, whole=json_answer(COMPLETION), stream=events(*CHUNKS), failed=FAILED),
    refusal=Refusal(
        REFUSAL,
        {
            "http.response.status_code": 400,
            "mutagent.error.code": "broken",
            "mutagent.error.type": "invalid_request_error",
        },
    ),
    whole=CHAT_SPAN,
    streaming={"stream": True},
    streamed=STREAM_SPAN,
    left=LEFT_SPAN,
    **COMMON,
)
EMBEDDINGS = Surface(
    name="embedding",
    method="{a}embedding",
    stands=("litellm:{a}embedding",),
    arguments={"model": "openai/model-1", "input": ["one", "two"]},
    serve=Answers(refused=REFUSED, whole=json_answer(VECTORS)),
    # It drops the provider's code on the way.
    refusal=Refusal(REFUSAL, {"http.response.status_code": 400}),
    whole=EMBEDDINGS_SPAN,
    **COMMON,
)
SURFACES = (CHAT, EMBEDDINGS)
