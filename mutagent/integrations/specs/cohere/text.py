"""Embeddings, reranking and the legacy generations."""

from __future__ import annotations

from functools import partial
from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import embeddings, rerank
from mutagent.integrations.shapes.request import text_input
from mutagent.integrations.spec import Request, Response, Target
from mutagent.integrations.specs.cohere.client import V1, V2, request, usage

# The first version's own method splits many texts into requests on threads, which know nothing of the span: the
# method is what is traced, not the requests. `ClientV2` has the second version's.
_EMBED_V1 = ("cohere.client",)


def embed_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be embedded: texts, images, or inputs made of both."""
    found = next((given[name] for name in ("texts", "inputs", "images") if as_list(given.get(name))), None)
    return request(given, instance, text_input(found), {})


def embed_response(answer: Any) -> Response:
    """How many vectors came; of several forms of the same vectors, the first."""
    vectors = get(answer, "embeddings")
    if type(vectors) is not list:
        vectors = next((found for found in fields_of(vectors).values() if as_list(found)), [])
    return Response(id=get(answer, "id"), output=embeddings.counted(as_list(vectors)), usage=usage(get(answer, "meta")))


def rerank_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be ranked, and for which query."""
    return request(given, instance, *rerank.asked(given.get("query"), given.get("documents")))


def rerank_response(answer: Any, asked: Request) -> Response:
    """The documents in their new order."""
    meta = get(answer, "meta")
    found = rerank.ranked(get_list(answer, "results"), asked)
    # What is billed here are searches: a client may fill in 0 for tokens.
    return Response(id=get(answer, "id"), output=found, attributes=rerank.billed(meta))


def generate_request(given: dict[str, Any], instance: Any, streamed: bool = False) -> Request:
    """What a generation goes on from."""
    return request(given, instance, text_input(given.get("prompt")), {}, streamed)


def generate_response(answer: Any) -> Response:
    """All generations of one prompt."""
    found = get_list(answer, "generations")
    return _generated(
        get(answer, "id"),
        [(get(each, "text"), get(each, "finish_reason")) for each in found],
        usage(get(answer, "meta")),
    )


def _generated(identity: Any, said: list[tuple[Any, Any]], counted: Any) -> Response:
    budget = Snapshot()
    texts = [budget.take(text) for text, _ in said]
    return Response(
        id=identity,
        finish_reasons=[reason for _, reason in said if reason is not None],
        output={"text": texts[0]} if len(texts) == 1 else {"raw": texts},
        usage=counted,
    )


class GenerateEvents:
    """Folds the events of streamed generations."""

    __slots__ = ("final", "reason", "texts")

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {}
        self.reason: str | None = None
        self.final: Any = None

    def feed(self, chunk: Any) -> None:
        """Take one event."""
        if get(chunk, "event_type") == "text-generation":
            self.texts.setdefault(get(chunk, "index") or 0, []).append(get(chunk, "text") or "")
        elif get(chunk, "response") is not None:
            self.reason, self.final = get(chunk, "finish_reason"), get(chunk, "response")

    def response(self) -> Response:
        """The generations so far."""
        said = [("".join(self.texts[index]), self.reason) for index in sorted(self.texts)]
        return _generated(get(self.final, "id"), said, usage(get(self.final, "meta")))


TARGETS = tuple(
    target
    for prefix in ("", "Async")
    for target in (
        Target(V2, f"{prefix}V2Client.embed", "llm.embedding", "embeddings", embed_request, embed_response),
        Target(_EMBED_V1, f"{prefix}Client.embed", "llm.embedding", "embeddings", embed_request, embed_response),
        Target(V2, f"{prefix}V2Client.rerank", "rerank", "rerank", rerank_request, response_to=rerank_response),
        Target(V1, f"{prefix}BaseCohere.rerank", "rerank", "rerank", rerank_request, response_to=rerank_response),
        Target(V1, f"{prefix}BaseCohere.generate", "llm.completion", "text_completion", generate_request,
               generate_response),
        Target(V1, f"{prefix}BaseCohere.generate_stream", "llm.completion", "text_completion",
               partial(generate_request, streamed=True), chunks=GenerateEvents),
    )
)  # fmt: skip
