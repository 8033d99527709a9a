"""Azure AI Inference's surfaces, what the service answers, and the spans that they must give."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from tests.integrations.canned import Answers, events, json_answer
from tests.integrations.spans import span_of, streamed, with_attributes, without
from tests.integrations.surfaces import KEY, Client, Refusal, Surface
from tests.integrations.ways import SYNC, Way

HELLO = [{"role": "user", "content": "Say hello."}]
USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
COUNTED = {"gen_ai.usage.input_tokens": 4, "gen_ai.usage.output_tokens": 6, "mutagent.usage.raw": USAGE}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "model-1"}


def client_of(name: str) -> Client:
    """Makes clients of one class; those of both ways have one name, in two packages."""

    def client(way: Way, url: str, options: dict[str, Any]) -> Any:
        package = importlib.import_module("azure.ai.inference" if way is SYNC else "azure.ai.inference.aio")
        credential = importlib.import_module("azure.core.credentials").AzureKeyCredential(KEY)
        return getattr(package, name)(endpoint=url, credential=credential, **{"retry_total": 0, **options})

    return client


def stands(path: str) -> tuple[str, ...]:
    """Where a patched method is: the async one in a package of its own."""
    return (f"azure.ai.inference{{aio}}._patch:{path}",)


def _chunk(content: str | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"role": "assistant", "content": content}
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


COMPLETION = {
    **HEAD,
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there."}, "finish_reason": "stop"}],
    "usage": USAGE,
}
CHUNKS = (_chunk("Hello "), _chunk("there"), _chunk(".", "stop", usage=USAGE))
VECTORS = {
    "id": "emb-1",
    "model": "model-1",
    "data": [{"object": "embedding", "index": index, "embedding": [0.5, 0.25]} for index in range(2)],
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
REFUSED = json_answer({"error": {"code": "broken", "message": "That cannot be."}}, 400, apim_request_id="req_1")
_span = partial(span_of, "azure.ai.inference")
VERSION = "2024-05-01-preview"
CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output={"messages": [{"role": "assistant", "content": "Hello there."}]},
    tokens={"input": 4, "output": 6, "total": 10},
    attributes={
        "gen_ai.request.temperature": 0.5,
        "mutagent.request.api_version": VERSION,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        **COUNTED,
    },
)
STREAM_SPAN = streamed(CHAT_SPAN)
MISSING = (
    "the stream carried no usage: where the service asks for it, "
    "pass model_extras={'stream_options': {'include_usage': True}}"
)
LEFT_SPAN = with_attributes(
    without(
        {**STREAM_SPAN, "output": {"messages": [{"role": "assistant", "content": "Hello there"}]}},
        "tokens",
        "gen_ai.response.finish_reasons",
        *COUNTED,
    ),
    mutagent__usage__missing=MISSING,
)
EMBEDDINGS_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"raw": ["one", "two"]},
    output={"raw": {"embeddings": 2, "dimensions": 2}},
    tokens={"input": 2, "total": 2},
    attributes={
        "gen_ai.response.id": "emb-1",
        "gen_ai.usage.input_tokens": 2,
        "mutagent.request.api_version": VERSION,
        "mutagent.usage.raw": VECTORS["usage"],
    },
)
IMAGES_SPAN = {**EMBEDDINGS_SPAN, "input": {"raw": [{"image": "https://images.example/1.png", "text": "A cat."}]}}


def _plain(answer: Any) -> Any:
    found = getattr(answer, "as_dict", None)
    return answer if found is None else found()


COMMON: dict[str, Any] = {
    "integration": "azure-ai-inference",
    "library": "azure.ai.inference.aio",
    "refusal": Refusal(
        "azure.core.exceptions.HttpResponseError",
        {"http.response.status_code": 400, "mutagent.error.code": "broken", "mutagent.request_id": "req_1"},
    ),
    "broken": (
        "azure.core.exceptions.ServiceRequestError",
        "azure.core.exceptions.ServiceResponseError",
        "azure.core.exceptions.IncompleteReadError",
    ),
    "retrying": {"retry_total": 2, "retry_backoff_factor": 0},
    "secrets": {"headers": {"x-secret": "header-secret"}, "params": {"token": "query-secret"}},
    "plain": _plain,
}
CHAT = Surface(
    name="chat",
    client=client_of("ChatCompletionsClient"),
    method="complete",
    stands=stands("ChatCompletionsClient.complete"),
    arguments={"model": "model-1", "messages": HELLO, "temperature": 0.5},
    serve=Answers(refused=REFUSED, whole=json_answer(COMPLETION), stream=events(*CHUNKS)),
    whole=CHAT_SPAN,
    streaming={"stream": True},
    streamed=STREAM_SPAN,
    left=LEFT_SPAN,
    **COMMON,
)
EMBEDDINGS = Surface(
    name="embeddings",
    client=client_of("EmbeddingsClient"),
    method="embed",
    stands=stands("EmbeddingsClient.embed"),
    arguments={"model": "model-1", "input": ["one", "two"]},
    serve=Answers(refused=REFUSED, whole=json_answer(VECTORS)),
    whole=EMBEDDINGS_SPAN,
    **COMMON,
)
IMAGES = Surface(
    name="images",
    client=client_of("ImageEmbeddingsClient"),
    method="embed",
    stands=stands("ImageEmbeddingsClient.embed"),
    arguments={"model": "model-1", "input": [{"image": "https://images.example/1.png", "text": "A cat."}]},
    serve=Answers(refused=REFUSED, whole=json_answer(VECTORS)),
    whole=IMAGES_SPAN,
    **COMMON,
)
SURFACES = (CHAT, EMBEDDINGS, IMAGES)
