"""Voyage AI's Python client, 0.3.7 to 0.x: reranking, embeddings of texts, of chunks in their context, of images."""

from __future__ import annotations

from functools import partial
from typing import Any

from mutagent.capture.plain import as_list, get, get_list, instance_dict, whole
from mutagent.integrations.shapes import embeddings, rerank
from mutagent.integrations.shapes.errors import plain_facts
from mutagent.integrations.shapes.hosts import provider_of
from mutagent.integrations.shapes.request import parameters, text_input, text_of
from mutagent.integrations.spec import Integration, Request, Response, Target, Usage

_DEFAULT_URL = "https://api.voyageai.com/v1"
_ASKED = ("query", "documents", "texts", "inputs")


def _request(given: dict[str, Any], instance: Any, found: dict[str, Any], attributes: dict[str, Any]) -> Request:
    url = get(get(instance, "_params"), "base_url")
    server = url if type(url) is str else _DEFAULT_URL
    return Request(
        model=text_of(given.get("model")),
        provider=provider_of("", server, "voyage"),
        input=found,
        parameters=parameters({name: value for name, value in given.items() if name not in _ASKED}),
        attributes=attributes,
        server=server,
    )


def embed_request(given: dict[str, Any], instance: Any, field: str) -> Request:
    """What is to be embedded."""
    return _request(given, instance, text_input(given.get(field)), {})


def embed_response(answer: Any) -> Response:
    """How many vectors came."""
    return Response(output=embeddings.counted(get_list(answer, "embeddings")), usage=usage(answer))


def contextual_response(answer: Any) -> Response:
    """How many vectors came, of the chunks of all documents."""
    vectors = [vector for found in get_list(answer, "results") for vector in get_list(found, "embeddings")]
    return Response(output=embeddings.counted(vectors), usage=usage(answer))


def rerank_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be ranked, and for which query."""
    return rerank.with_number(_request(given, instance, *rerank.asked(given.get("query"), given.get("documents"))))


def rerank_response(answer: Any, asked: Request) -> Response:
    """The documents in their new order; each result is a named tuple."""
    names = ("index", "document", "relevance_score")
    results = [dict(zip(names, as_list(result), strict=False)) for result in get_list(answer, "results")]
    return Response(output=rerank.ranked(results, asked), usage=usage(answer))


def usage(answer: Any) -> Usage | None:
    """All tokens are of the input; pixels of images count by themselves."""
    raw = {name: get(answer, name) for name in ("total_tokens", "text_tokens", "image_pixels", "video_pixels")}
    told = {name: count for name, count in raw.items() if type(count) is int}
    total = whole(told.get("total_tokens"))
    return None if total is None else Usage(input=total, total=total, raw=told)


def error_facts(error: BaseException) -> dict[str, Any]:
    """Status, the provider's code and the request's id."""
    kept = instance_dict(error) or {}
    return plain_facts(
        {
            "http.response.status_code": kept.get("http_status"),
            "mutagent.error.code": kept.get("code"),
            "mutagent.request_id": kept.get("request_id"),
        }
    )


def _targets(module: str, cls: str) -> tuple[Target, ...]:
    at = (module,)
    embedding = ("llm.embedding", "embeddings")
    texts, inputs = partial(embed_request, field="texts"), partial(embed_request, field="inputs")
    return (
        Target(at, f"{cls}.embed", *embedding, texts, embed_response, parameters=("texts", "model", "input_type")),
        Target(at, f"{cls}.multimodal_embed", *embedding, inputs, embed_response, parameters=("inputs", "model")),
        Target(
            at, f"{cls}.contextualized_embed", *embedding, inputs, contextual_response, parameters=("inputs", "model")
        ),
        Target(
            at, f"{cls}.rerank", "rerank", "rerank", rerank_request, response_to=rerank_response,
            parameters=("query", "documents", "model", "top_k", "truncation"),
        ),
    )  # fmt: skip


VOYAGEAI = Integration(
    name="voyageai",
    distribution="voyageai",
    versions=">=0.3.7,<1",
    pieces=(*_targets("voyageai.client", "Client"), *_targets("voyageai.client_async", "AsyncClient")),
    traces="`rerank`, `embed`, `contextualized_embed`, `multimodal_embed`",
    leaves="`voyageai.Embedding.create` and its like, called directly",
    error=error_facts,
)
