"""Cohere's surfaces in both versions of its API, what that answers, and the spans that they must give."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tests.integrations.canned import Answer, Answers, events, json_answer, lines
from tests.integrations.spans import span_of, streamed, with_attributes, without
from tests.integrations.surfaces import KEY, Client, Refusal, Surface, dumped
from tests.integrations.ways import Way

HELLO = [{"role": "user", "content": "Say hello."}]
TOKENS = {"tokens": {"input_tokens": 4, "output_tokens": 6}, "billed_units": {"input_tokens": 3, "output_tokens": 6}}


def of_version(name: str) -> Client:
    """Makes the clients of one version of the API."""

    def client(way: Way, url: str, options: dict[str, Any]) -> Any:
        made = getattr(import_module("cohere"), way.parts["Async"] + name, None)
        return None if made is None else made(**{"api_key": KEY, "base_url": url, **options})

    return client


async def close(way: Way, made: Any) -> None:
    """The first releases have no method for it."""
    inner = made._client_wrapper.httpx_client
    await way.close(getattr(inner, "httpx_client", inner))


CHAT = {
    "id": "chat-1",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "Hello there."}]},
    "usage": TOKENS,
}
CHAT_EVENTS = (
    {"type": "message-start", "id": "chat-1", "delta": {"message": {"role": "assistant", "content": []}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hello "}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "there."}}}},
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": TOKENS}},
)
OLD_CHAT = {
    "response_id": "chat-1",
    "generation_id": "gen-1",
    "text": "Hello there.",
    "finish_reason": "COMPLETE",
    "meta": TOKENS,
}
OLD_EVENTS = (
    {"is_finished": False, "event_type": "text-generation", "text": "Hello "},
    {"is_finished": False, "event_type": "text-generation", "text": "there."},
    {"is_finished": True, "event_type": "stream-end", "finish_reason": "COMPLETE", "response": OLD_CHAT},
)
BILLED = {"billed_units": {"input_tokens": 2}}
BY_TYPE = {
    "id": "emb-1",
    "response_type": "embeddings_by_type",
    "embeddings": {"float": [[0.5, 0.25]] * 2},
    "texts": ["one", "two"],
    "meta": BILLED,
}
FLOATS = {
    "id": "emb-1",
    "response_type": "embeddings_floats",
    "embeddings": [[0.5, 0.25]] * 2,
    "texts": ["one", "two"],
    "meta": BILLED,
}
RANKED = {
    "id": "rank-1",
    "results": [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}],
    "meta": {"billed_units": {"search_units": 1}},
}
GENERATED = {
    "id": "gen-1",
    "prompt": "Say hello.",
    "generations": [{"id": "gen-2", "text": "Hello there."}],
    "meta": {"billed_units": {"input_tokens": 4, "output_tokens": 6}},
}
REFUSED = json_answer({"id": "req_1", "message": "That cannot be."}, 400)


def _span(operation: str, kind: str, **fields: Any) -> dict[str, Any]:
    return without(span_of("cohere", operation, kind, **fields), "gen_ai.response.model")


COUNTED = {
    "gen_ai.usage.input_tokens": 4,
    "gen_ai.usage.output_tokens": 6,
    "mutagent.usage.raw": TOKENS,
}
CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output={"messages": [{"role": "assistant", "content": "Hello there."}]},
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.25,
        "gen_ai.request.top_k": 3,
        "gen_ai.response.id": "chat-1",
        "gen_ai.response.finish_reasons": ["COMPLETE"],
        **COUNTED,
    },
)
OLD_SPAN = with_attributes(
    {**CHAT_SPAN, "input": {"messages": [{"role": "system", "content": "Be kind."}, *HELLO]}},
    gen_ai__system_instructions="Be kind.",
)
EMBED_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"raw": ["one", "two"]},
    output={"raw": {"embeddings": 2, "dimensions": 2}},
    tokens={"input": 2},
    attributes={
        "mutagent.request.input_type": "search_document",
        "gen_ai.response.id": "emb-1",
        "gen_ai.usage.input_tokens": 2,
        "mutagent.usage.raw": BILLED,
    },
)
RERANK_SPAN = _span(
    "rerank",
    "rerank",
    input={"text": "Which?", "documents": [{"content": "one"}, {"content": "two"}]},
    output={
        "documents": [
            {"content": "two", "metadata": {"index": 1}, "score": 0.75},
            {"content": "one", "metadata": {"index": 0}, "score": 0.25},
        ]
    },
    attributes={
        "gen_ai.retrieval.query.text": "Which?",
        "mutagent.request.top_n": 2,
        "gen_ai.response.id": "rank-1",
        "mutagent.usage.search_units": 1,
    },
)
GENERATE_SPAN = _span(
    "text_completion",
    "llm.completion",
    input={"text": "Say hello."},
    output={"text": "Hello there."},
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.request.choice.count": 1,
        "gen_ai.response.id": "gen-1",
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 6,
        "mutagent.usage.raw": GENERATED["meta"],
    },
)


def _left(span: dict[str, Any], text: str, *lacks: str) -> dict[str, Any]:
    """After two pieces; the counts come with the last."""
    output = {"messages": [{"role": "assistant", "content": text}]}
    return without({**span, "output": output}, "tokens", "gen_ai.response.finish_reasons", *COUNTED, *lacks)


ASKED = {"model": "model-1", "temperature": 0.5, "p": 0.25, "k": 3}
V2_ASKED = {**ASKED, "messages": HELLO}
V1_ASKED = {**ASKED, "message": "Say hello.", "preamble": "Be kind."}
EMBED_ASKED = {"model": "model-1", "texts": ["one", "two"], "input_type": "search_document"}
RERANK_ASKED = {"model": "model-1", "query": "Which?", "documents": ["one", "two"], "top_n": 2}
SECRET = {
    "request_options": {
        "additional_headers": {"x-secret": "header-secret"},
        "additional_query_parameters": {"token": "query-secret"},
    }
}
GENERATOR = {
    "test_a_stream_whose_block_is_left_early_keeps_what_had_arrived": "a generator is no context manager",
    "test_a_stream_that_is_forgotten_ends_when_it_is_collected": "Python closes a generator that it collects",
    "test_the_method_looks_the_same": "in async code, no plain function passes for a generator function",
}


def _surface(version: str, method: str, stands: str, arguments: dict[str, Any], answer: Answer, **more: Any) -> Surface:
    streams = "streamed" in more
    return Surface(
        integration="cohere",
        name=f"{version} {method}",
        library="cohere",
        client=of_version("ClientV2" if version == "v2" else "Client"),
        close=close,
        method=method,
        stands=(f"{stands}.{method.rpartition('.')[2]}",),
        arguments=arguments,
        serve=Answers(refused=REFUSED, whole=None if streams else answer, stream=answer if streams else None),
        refusal=Refusal(
            "cohere.errors.bad_request_error.BadRequestError",
            {"http.response.status_code": 400, "mutagent.request_id": "req_1"},
            message="That cannot be.",
        ),
        broken=("httpx.RemoteProtocolError", "httpx.ReadError"),
        secrets=SECRET,
        # It retries by itself, but no stream.
        retrying={} if streams else {"timeout": 30},
        inapplicable=GENERATOR if streams else {},
        **more,
    )


V2 = "cohere.v2.client:{Async}V2Client"
V1 = "cohere.base_client:{Async}BaseCohere"
V2_STREAM, V1_STREAM = streamed(CHAT_SPAN), streamed(OLD_SPAN)
RAW_V2 = "cohere.v2.raw_client:{Async}RawV2Client"
RAW: dict[str, Any] = {"plain": lambda response: dumped(response.data)}
LAZY: dict[str, Any] = {
    "lazy": True,
    "failed": {"mutagent.stream.outcome": "failed"},
}
SURFACES = (
    _surface("v2", "chat", V2, V2_ASKED, json_answer(CHAT), whole=CHAT_SPAN),
    _surface(
        "v2",
        "chat_stream",
        V2,
        V2_ASKED,
        events(*CHAT_EVENTS, named=True, done=False),
        streamed=V2_STREAM,
        left=_left(V2_STREAM, "Hello "),
        **LAZY,
    ),
    _surface(
        "v2",
        "embed",
        V2,
        {**EMBED_ASKED, "embedding_types": ["float"]},
        json_answer(BY_TYPE),
        whole=with_attributes(EMBED_SPAN, gen_ai__request__encoding_formats=["float"]),
    ),
    _surface("v2", "rerank", V2, RERANK_ASKED, json_answer(RANKED), whole=RERANK_SPAN),
    _surface("v1", "chat", V1, V1_ASKED, json_answer(OLD_CHAT), whole=OLD_SPAN),
    _surface(
        "v1",
        "chat_stream",
        V1,
        V1_ASKED,
        lines(*OLD_EVENTS),
        streamed=V1_STREAM,
        left=_left(V1_STREAM, "Hello there.", "gen_ai.response.id"),
        **LAZY,
    ),
    _surface("v1", "embed", "cohere.client:{Async}Client", EMBED_ASKED, json_answer(FLOATS), whole=EMBED_SPAN),
    _surface("v1", "rerank", V1, RERANK_ASKED, json_answer(RANKED), whole=RERANK_SPAN),
    _surface(
        "v1",
        "generate",
        V1,
        {"model": "model-1", "prompt": "Say hello.", "num_generations": 1},
        json_answer(GENERATED),
        whole=GENERATE_SPAN,
    ),
    _surface("v2", "with_raw_response.chat", RAW_V2, V2_ASKED, json_answer(CHAT), whole=CHAT_SPAN, **RAW),
    _surface("v2", "with_raw_response.rerank", RAW_V2, RERANK_ASKED, json_answer(RANKED), whole=RERANK_SPAN, **RAW),
)
