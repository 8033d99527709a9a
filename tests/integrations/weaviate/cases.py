"""Weaviate's surfaces, what a server answers, and the spans that they must give."""

from __future__ import annotations

import importlib
from base64 import b64encode
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from tests.integrations.spans import span_of
from tests.integrations.surfaces import KEY, Refusal, Surface
from tests.integrations.ways import ASYNC, Way
from tests.integrations.weaviate.server import Weaviate

IDS = [UUID(int=number) for number in (1, 2)]
TEXTS = ("The sun is a star.", "Rain falls.")


def found(place: int, **metadata: Any) -> dict[str, Any]:
    """An object in a reply, with these metadata."""
    present = {f"{name}Present": True for name in metadata}
    fields = {"text": {"textValue": TEXTS[place]}, "page": {"intValue": str(place + 1)}}
    return {
        "properties": {"nonRefProps": {"fields": fields}, "targetCollection": "Notes"},
        "metadata": {"id": str(IDS[place]), "idAsBytes": b64encode(IDS[place].bytes).decode(), **metadata, **present},
    }


def document(place: int, score: float | None, **more: Any) -> dict[str, Any]:
    """What a span has of it."""
    told = {"content": TEXTS[place], "metadata": {"id": str(IDS[place]), "page": place + 1, **more}}
    return told if score is None else {**told, "score": score}


NEAR = {"results": [found(0, distance=0.25), found(1, distance=0.5)]}
# As servers from 1.27 on say it, and as those before did.
WRITTEN = {
    "results": [
        {**found(0, generative="A star."), "generative": {"values": [{"result": "A star."}]}},
        {**found(1, generative="Rain."), "generative": {"values": [{"result": "Rain."}]}},
    ],
    "generativeGroupedResult": "Stars and rain.",
    "generativeGroupedResults": {"values": [{"result": "Stars and rain."}]},
}


class Notes:
    """A collection of a client that connects later."""

    def __init__(self, client: Any) -> None:
        self.client = client

    @property
    def collection(self) -> Any:
        """The collection as the client's connection is now."""
        return self.client.collections.get("Notes")

    @property
    def query(self) -> Any:
        return self.collection.query

    @property
    def generate(self) -> Any:
        return self.collection.generate


def client(way: Way, url: str, options: dict[str, Any]) -> Notes:
    """The collection of a client of the server."""
    weaviate = importlib.import_module("weaviate")
    parts = urlsplit(url)
    address = weaviate.connect.ConnectionParams.from_url(f"http://{parts.netloc}", int(parts.path.strip("/") or 1))
    made = weaviate.WeaviateClient
    if way is ASYNC:
        made = vars(weaviate).get("WeaviateAsyncClient") or pytest.skip("the installed weaviate has no async client")
    key = weaviate.auth.AuthApiKey(KEY)
    return Notes(made(address, auth_client_secret=key, skip_init_checks=True, **options))


async def opened(way: Way, notes: Notes) -> None:
    """Connect it."""
    await way.wait(notes.client.connect())


async def closed(way: Way, notes: Notes) -> None:
    """Close its client."""
    await way.wait(notes.client.close())


_TWICE = "a coroutine of the client's holds another one, of which Python warns too"
_surface = partial(
    Surface,
    integration="weaviate",
    library="weaviate",
    client=client,
    open=opened,
    close=closed,
    refusal=Refusal("weaviate.exceptions.WeaviateQueryError", {"mutagent.error.code": "INVALID_ARGUMENT"}),
    of_answer=("mutagent.retrieval.hits",),
    plain=lambda answer: repr(vars(answer)),
    inapplicable={
        "test_a_coroutine_that_is_never_awaited_warns_once": _TWICE,
        "test_a_coroutine_that_is_closed_unstarted_warns_as_little_as_without_us": _TWICE,
    },
)


def _stands(method: str, cls: str, namespace: str) -> tuple[str, ...]:
    package = f"weaviate.collections.queries.{method}"
    return (
        f"{package}.{namespace}.executor:{cls}Executor.{method}",
        f"{package}.executors:{cls}Executor.{method}",
        f"{package}.{namespace}:{cls}{{Async}}.{method}",
    )


NEAR_VECTOR = _surface(
    name="query.near_vector",
    method="query.near_vector",
    stands=_stands("near_vector", "_NearVectorQuery", "query"),
    arguments={"near_vector": [1.0, 0.0], "limit": 2, "return_metadata": ["distance"]},
    serve=Weaviate(NEAR),
    whole={
        **span_of(
            "weaviate",
            "retrieval",
            "retrieval",
            None,
            input={"raw": {"vectors": 1, "dimensions": 2}},
            output={"documents": [document(0, 0.25), document(1, 0.5)]},
            attributes={
                "gen_ai.data_source.id": "Notes",
                "mutagent.request.limit": 2,
                "mutagent.request.return_metadata": ["distance"],
                "mutagent.retrieval.hits": 2,
            },
        ),
        "name": "retrieval Notes",
    },
)
GENERATE = _surface(
    name="generate.near_text",
    method="generate.near_text",
    stands=_stands("near_text", "_NearTextGenerate", "generate"),
    arguments={"query": "The sun?", "limit": 2, "single_prompt": "Of {text}?", "grouped_task": "Of all?"},
    serve=Weaviate(WRITTEN),
    whole={
        **span_of(
            "weaviate",
            "retrieve_and_generate",
            "chain",
            None,
            input={
                "text": "The sun?",
                "messages": [
                    {"role": "user", "name": "single_prompt", "content": "Of {text}?"},
                    {"role": "user", "name": "grouped_task", "content": "Of all?"},
                ],
            },
            output={
                "documents": [document(0, None, generated="A star."), document(1, None, generated="Rain.")],
                "messages": [{"role": "assistant", "content": "Stars and rain."}],
            },
            attributes={
                "gen_ai.data_source.id": "Notes",
                "gen_ai.retrieval.query.text": "The sun?",
                "mutagent.request.limit": 2,
                "mutagent.retrieval.hits": 2,
            },
        ),
        "name": "retrieve_and_generate Notes",
    },
)
SURFACES = (NEAR_VECTOR, GENERATE)
