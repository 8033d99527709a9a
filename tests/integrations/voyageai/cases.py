"""Voyage AI's surfaces, what its API answers, and the spans that they must give."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from tests.integrations.canned import Answers, json_answer
from tests.integrations.spans import span_of, without
from tests.integrations.surfaces import KEY, Refusal, Surface
from tests.integrations.ways import Way

VECTORS = {
    "object": "list",
    "model": "model-1",
    "data": [{"object": "embedding", "index": index, "embedding": [0.5, 0.25]} for index in range(2)],
    "usage": {"total_tokens": 4},
}
RANKED = {
    "object": "list",
    "model": "model-1",
    "data": [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}],
    "usage": {"total_tokens": 4},
}
USAGE = {"gen_ai.usage.input_tokens": 4, "mutagent.usage.raw": {"total_tokens": 4}}


def client(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A client of the server."""
    made = getattr(importlib.import_module("voyageai"), way.spelled("{Async}Client"))
    return made(api_key=KEY, base_url=url, **options)


def _span(*args: Any, **fields: Any) -> dict[str, Any]:
    # An answer as the client gives it does not repeat the model.
    return without(span_of("voyage", *args, tokens={"input": 4, "total": 4}, **fields), "gen_ai.response.model")


_surface = partial(
    Surface,
    integration="voyageai",
    library="voyageai",
    client=client,
    refusal=Refusal("voyageai.error.InvalidRequestError", {"http.response.status_code": 400}),
    broken=("voyageai.error.APIConnectionError",),
    plain=vars,
)
REFUSED = json_answer({"detail": "That cannot be."}, 400)
EMBED = _surface(
    name="embed",
    method="embed",
    stands=("voyageai.client:{Async}Client.embed", "voyageai.client_async:{Async}Client.embed"),
    arguments={"texts": ["one", "two"], "model": "model-1", "input_type": "query"},
    serve=Answers(refused=REFUSED, whole=json_answer(VECTORS)),
    whole=_span(
        "embeddings",
        "llm.embedding",
        input={"raw": ["one", "two"]},
        output={"raw": {"embeddings": 2, "dimensions": 2}},
        attributes={"mutagent.request.input_type": "query", **USAGE},
    ),
)
RERANK = _surface(
    name="rerank",
    method="rerank",
    stands=("voyageai.client:{Async}Client.rerank", "voyageai.client_async:{Async}Client.rerank"),
    arguments={"query": "Which?", "documents": ["one", "two"], "model": "model-1", "top_k": 2},
    serve=Answers(refused=REFUSED, whole=json_answer(RANKED)),
    whole=_span(
        "rerank",
        "rerank",
        input={"text": "Which?", "documents": [{"content": "one"}, {"content": "two"}]},
        output={
            "documents": [
                {"content": "two", "metadata": {"index": 1}, "score": 0.75},
                {"content": "one", "metadata": {"index": 0}, "score": 0.25},
            ]
        },
        attributes={"gen_ai.retrieval.query.text": "Which?", "mutagent.request.top_n": 2, **USAGE},
    ),
)
SURFACES = (EMBED, RERANK)
