"""The surfaces of Hugging Face's InferenceClient, what an endpoint answers, and the spans that they must give."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tests.integrations.canned import Answers, events, json_answer
from tests.integrations.spans import span_of, streamed, with_attributes, without
from tests.integrations.surfaces import KEY, Client, Refusal, Surface
from tests.integrations.ways import SYNC, WAYS, Way

HELLO = [{"role": "user", "content": "Say hello."}]
USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "model-1", "system_fingerprint": "fp_1"}


def _major() -> int:
    try:
        return int(version("huggingface_hub").partition(".")[0])
    except PackageNotFoundError:
        return 0


def at(argument: str) -> Client:
    """Makes clients of an endpoint: by its base URL, or by its URL in the place of a model's name."""

    def client(way: Way, url: str, options: dict[str, Any]) -> Any:
        made = getattr(import_module("huggingface_hub"), way.parts["Async"] + "InferenceClient")
        return made(**{argument: url, "token": KEY, **options})

    return client


def _choice(key: str, content: str | None, reason: str | None) -> dict[str, Any]:
    said = {"role": "assistant", "content": content}
    return {"choices": [{"index": 0, key: said, "finish_reason": reason}]}


def _chunk(content: str, reason: str | None = None) -> dict[str, Any]:
    return {**HEAD, "object": "chat.completion.chunk", **_choice("delta", content, reason)}


def _token(text: str, **more: Any) -> dict[str, Any]:
    return {"token": {"id": 1, "text": text, "logprob": -1, "special": False}, **more}


COMPLETION = {**HEAD, "object": "chat.completion", **_choice("message", "Hello there.", "stop"), "usage": USAGE}
CHUNKS = (
    _chunk("Hello "),
    _chunk("there."),
    _chunk("", "stop"),
    {**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": USAGE},
)
DETAILS = {"finish_reason": "length", "generated_tokens": 6}
GENERATED = [{"generated_text": "Hello there.", "details": {**DETAILS, "prefill": [], "tokens": []}}]
TOKENS = (
    _token("Hello "),
    _token("there."),
    _token("", generated_text="Hello there.", details={**DETAILS, "input_length": 4}),
)
REFUSED = json_answer({"error": "That cannot be.", "error_type": "validation"}, 400, x_request_id="req_1")
_span = partial(span_of, "huggingface", model=None)
COUNTED = {"gen_ai.usage.input_tokens": 4, "gen_ai.usage.output_tokens": 6, "mutagent.usage.raw": USAGE}
CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output={"messages": [{"role": "assistant", "content": "Hello there."}]},
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.request.model": "model-1",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "model-1",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "openai.response.system_fingerprint": "fp_1",
        **COUNTED,
    },
)
CHAT_SPAN |= {"name": "chat model-1", "model": "model-1"}
GENERATION_SPAN = _span(
    "text_completion",
    "llm.completion",
    input={"text": "Say hello."},
    output={"text": "Hello there."},
    tokens={"output": 6},
    attributes={
        "gen_ai.request.max_tokens": 9,
        "mutagent.request.details": True,
        "gen_ai.response.finish_reasons": ["length"],
        "gen_ai.usage.output_tokens": 6,
        "mutagent.usage.raw": {"generated_tokens": 6},
    },
)
FEATURES_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"text": "one"},
    output={"raw": {"embeddings": 1, "dimensions": 2}},
    attributes={"mutagent.request.normalize": True},
)


CHAT_STREAM = streamed(CHAT_SPAN)
CHAT_LEFT = with_attributes(
    without(CHAT_STREAM, "tokens", "gen_ai.response.finish_reasons", *COUNTED),
    mutagent__usage__missing="the stream carried no usage: pass stream_options={'include_usage': True} "
    "or set MUTAGENT_STREAM_USAGE=1",
)
GENERATION_STREAM = with_attributes(
    {**streamed(GENERATION_SPAN), "tokens": {"input": 4, "output": 6, "total": 10}},
    gen_ai__usage__input_tokens=4,
    mutagent__usage__raw={"generated_tokens": 6, "input_length": 4},
)
GENERATION_LEFT = with_attributes(
    without(
        GENERATION_STREAM,
        "tokens",
        "gen_ai.response.finish_reasons",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "mutagent.usage.raw",
    ),
)
# Before 1.0 the async client was aiohttp's: sync and async errors have nothing in common there.
ASKED_WAYS = WAYS if _major() else (SYNC,)
PLACES = ("huggingface_hub.inference._client", "huggingface_hub.inference._generated._async_client")


def _surface(name: str, method: str, argument: str, arguments: dict[str, Any], error: str, **more: Any) -> Surface:
    return Surface(
        integration="huggingface",
        name=name,
        library="huggingface_hub",
        client=at(argument),
        method=method,
        stands=tuple(f"{place}:{{Async}}InferenceClient.{method}" for place in PLACES),
        arguments=arguments,
        refusal=Refusal(error, {"http.response.status_code": 400, "mutagent.request_id": "req_1"}),
        broken=("httpx2.RemoteProtocolError", "httpx.RemoteProtocolError", "requests.exceptions.ConnectionError"),
        ways=ASKED_WAYS,
        inapplicable={
            "test_a_stream_whose_block_is_left_early_keeps_what_had_arrived": "a generator is no context manager",
        },
        **more,
    )


SURFACES = (
    _surface(
        "chat",
        "chat_completion",
        "base_url",
        {"model": "model-1", "messages": HELLO, "temperature": 0.5},
        "huggingface_hub.errors.BadRequestError",
        serve=Answers(refused=REFUSED, whole=json_answer(COMPLETION), stream=events(*CHUNKS)),
        whole=CHAT_SPAN,
        streaming={"stream": True},
        streamed=CHAT_STREAM,
        left=CHAT_LEFT,
    ),
    _surface(
        "text generation",
        "text_generation",
        "model",
        {"prompt": "Say hello.", "max_new_tokens": 9, "details": True},
        "huggingface_hub.errors.ValidationError",
        serve=Answers(refused=REFUSED, whole=json_answer(GENERATED), stream=events(*TOKENS, done=False)),
        whole=GENERATION_SPAN,
        streaming={"stream": True},
        streamed=GENERATION_STREAM,
        left=GENERATION_LEFT,
    ),
    _surface(
        "feature extraction",
        "feature_extraction",
        "model",
        {"text": "one", "normalize": True},
        "huggingface_hub.errors.BadRequestError",
        serve=Answers(refused=REFUSED, whole=json_answer([[0.5, 0.25]])),
        whole=FEATURES_SPAN,
        plain=lambda answer: answer.tolist(),
    ),
)
