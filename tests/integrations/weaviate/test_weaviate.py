"""What is Weaviate's own: objects and media as queries, hybrid search, filters, groups, tenants, usage, retries."""

from __future__ import annotations

import asyncio
import base64
import gc
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.testing import CapturedSpans
from tests.integrations.ways import ASYNC, SYNC
from tests.integrations.weaviate.cases import IDS, NEAR, TEXTS, client, closed, document, found, opened
from tests.integrations.weaviate.server import WeaviateServer, serving

weaviate = pytest.importorskip("weaviate")
query = pytest.importorskip("weaviate.classes.query")
SCORED = {"results": [found(0, score=0.75, rerankScore=2.5), found(1, score=0.25, rerankScore=1.5)]}


@pytest.fixture
def near() -> Iterator[WeaviateServer]:
    with serving(NEAR) as server:
        yield server


@pytest.fixture
def notes(near: WeaviateServer) -> Iterator[Any]:
    """A collection of a sync client that is connected."""
    yield from connected(near)


def connected(server: WeaviateServer) -> Iterator[Any]:
    made = client(SYNC, server.url, {})
    SYNC.run(opened(SYNC, made))
    yield made.collection
    SYNC.run(closed(SYNC, made))


def asked(server: WeaviateServer, namespace: str, method: str, *given: Any, **arguments: Any) -> Any:
    """Call a method of a collection; what it gives."""
    (answer,) = (getattr(getattr(each, namespace), method)(*given, **arguments) for each in connected(server))
    return answer


def inputs(captured: CapturedSpans) -> list[Any]:
    return [span.get("input") for span in captured.spans]


def test_objects_and_media_may_be_what_others_are_to_be_like(captured, notes, tmp_path):
    picture = tmp_path / "sun.png"
    picture.write_bytes(b"sun")
    sound = base64.b64encode(b"sound" * 100).decode()
    notes.query.near_object(IDS[0])
    notes.query.near_image(picture)
    notes.query.near_media(sound, query.NearMediaType.AUDIO)
    like_object, like_picture, like_sound = inputs(captured)
    assert like_object == {"raw": {"id": str(IDS[0])}}
    assert like_picture == {"raw": {"image": str(picture)}}
    assert {**like_sound["raw"]["audio"], "digest": ""} == {"type": "media", "size": 500, "digest": ""}


def test_texts_and_vectors_are_told_together(captured, notes):
    notes.query.near_text(["The sun?", "The rain?"])
    notes.query.hybrid("The sun?", vector=[1.0, 0.0], alpha=0.5)
    notes.query.hybrid("", vector=[1.0, 0.0])
    notes.query.bm25("The sun?")
    assert inputs(captured) == [
        {"raw": ["The sun?", "The rain?"]},
        {"raw": {"query": "The sun?", "vector": {"vectors": 1, "dimensions": 2}}},
        {"raw": {"vectors": 1, "dimensions": 2}},
        {"text": "The sun?"},
    ]
    texts = [span["attributes"].get("gen_ai.retrieval.query.text") for span in captured.spans]
    assert texts == [None, "The sun?", None, "The sun?"]


def test_filters_moves_and_tenants_are_parameters(captured, notes):
    pages = query.Filter.by_property("page")
    notes.with_tenant("tenant-1").query.near_text(
        "The sun?",
        filters=pages.greater_than(1) & (pages.less_than(9) | query.Filter.by_property("text").like("*sun*")),
        move_to=query.Move(force=0.5, concepts="warmth"),
        return_metadata=query.MetadataQuery(distance=True),
    )
    (span,) = captured.spans
    told = {name.rpartition(".")[2]: value for name, value in span["attributes"].items() if ".request." in name}
    target = {"target": "page", "operator": "GreaterThan", "value": 1}
    assert told.pop("filters")["and"][0] == target
    assert told == {
        "move_to": {"force": 0.5, "concepts": ["warmth"]},
        "return_metadata": ["distance"],
        "tenant": "tenant-1",
    }


def test_a_search_by_words_has_scores_and_what_a_reranker_thinks(captured):
    with serving(SCORED) as server:
        asked(server, "query", "bm25", "sun", return_metadata=["score"])
    (span,) = captured.spans
    assert span["output"]["documents"] == [document(0, 0.75, rerank_score=2.5), document(1, 0.25, rerank_score=1.5)]


def test_objects_of_groups_follow_each_other(captured):
    groups = [
        {"name": TEXTS[place], "numberOfObjects": "1", "objects": [found(place, distance=0.5)]} for place in (0, 1)
    ]
    with serving({"groupByResults": groups}) as server:
        by = query.GroupBy(prop="text", number_of_groups=2, objects_per_group=1)
        asked(server, "query", "near_text", "sun", group_by=by, return_metadata=["distance"])
    (span,) = captured.spans
    assert span["output"]["documents"] == [document(place, 0.5, belongs_to_group=TEXTS[place]) for place in (0, 1)]
    assert span["attributes"]["mutagent.retrieval.hits"] == 2


def test_what_a_model_writes_of_groups_goes_by_their_names(captured):
    group = {"name": "a", "numberOfObjects": "1", "objects": [found(0)], "generative": {"result": "Of a."}}
    with serving({"groupByResults": [group], "generativeGroupedResult": "Of all."}) as server:
        by = query.GroupBy(prop="text", number_of_groups=1, objects_per_group=1)
        asked(server, "generate", "near_text", "sun", group_by=by, single_prompt="Of {text}?")
    (span,) = captured.spans
    assert span["output"]["messages"] == [
        {"role": "assistant", "name": "a", "content": "Of a."},
        {"role": "assistant", "content": "Of all."},
    ]


def written(place: int, words: str, **metadata: Any) -> dict[str, Any]:
    """An object of which a model of a provider's wrote this, and what that says of its work."""
    return {**found(place), "generative": {"values": [{"result": words, "metadata": metadata}]}}


def openai(asked: int, given: int) -> dict[str, Any]:
    return {"usage": {"promptTokens": str(asked), "completionTokens": str(given), "totalTokens": str(asked + given)}}


def test_models_and_their_tokens_are_those_of_the_whole_call(captured):
    generate = pytest.importorskip("weaviate.classes.generate")
    if not hasattr(generate, "GenerativeParameters"):
        pytest.skip("the installed weaviate tells no usage")
    with serving(
        {"results": [written(0, "A star.", openai=openai(10, 2)), written(1, "Rain.", openai=openai(20, 3))]}
    ) as server:
        prompt = generate.GenerativeParameters.single_prompt("Of {text}?", metadata=True)
        model = generate.GenerativeConfig.openai(model="gpt-4o", temperature=0.5)
        asked(server, "generate", "fetch_objects", limit=2, single_prompt=prompt, generative_provider=model)
    (span,) = captured.spans
    assert span["input"] == {"messages": [{"role": "user", "name": "single_prompt", "content": "Of {text}?"}]}
    assert span["tokens"] == {"input": 30, "output": 5, "total": 35}
    assert span["attributes"]["gen_ai.request.model"] == "gpt-4o"
    assert span["attributes"]["mutagent.request.generative_provider"]["temperature"] == 0.5
    assert [raw["total_tokens"] for raw in span["attributes"]["mutagent.usage.raw"]] == [12, 23]


@pytest.mark.parametrize(
    "metadata",
    [
        {"anthropic": {"usage": {"inputTokens": "3", "outputTokens": "2"}}},
        {"google": {"usageMetadata": {"promptTokenCount": "3", "candidatesTokenCount": "2", "totalTokenCount": "5"}}},
        {
            "google": {
                "metadata": {
                    "tokenMetadata": {"inputTokenCount": {"totalTokens": "3"}, "outputTokenCount": {"totalTokens": "2"}}
                }
            }
        },
        {"cohere": {"tokens": {"inputTokens": 3, "outputTokens": 2}}},
        {"cohere": {"billedUnits": {"inputTokens": 3, "outputTokens": 2}}},
    ],
    ids=["anthropic", "gemini", "vertex", "cohere", "cohere billed"],
)
def test_each_provider_of_models_has_words_of_its_own_for_tokens(captured, metadata):
    if not hasattr(pytest.importorskip("weaviate.classes.generate"), "GenerativeParameters"):
        pytest.skip("the installed weaviate tells no usage")
    with serving({"results": [written(0, "A star.", **metadata)]}) as server:
        asked(server, "generate", "bm25", "sun", single_prompt="Of {text}?")
    (span,) = captured.spans
    assert (span["tokens"]["input"], span["tokens"]["output"]) == (3, 2)


def test_reads_without_a_model_are_no_searches(captured, notes):
    notes.query.fetch_objects(limit=2)
    objects = iter(notes.iterator())
    assert [next(objects).uuid, next(objects).uuid] == IDS
    assert len(captured.spans) == 0


def test_a_search_that_is_tried_again_is_one_span(captured):
    pytest.importorskip("weaviate.retry")
    with serving(NEAR, fails=1) as server:
        asked(server, "query", "near_text", "sun")
        assert server.served == 2
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["mutagent.retrieval.hits"]) == ("ok", 2)


def test_a_search_that_the_client_refuses_is_told_from_what_was_wrong_before(captured, notes):
    class Earlier(Exception):
        _code = type("Code", (), {"_name_": "NOT_FOUND"})()

    try:
        raise Earlier
    except Earlier:
        with pytest.raises(weaviate.exceptions.WeaviateInvalidInputError):
            notes.query.near_text(5)
    (span,) = captured.spans
    assert span["status"] == "error"
    assert "mutagent.error.code" not in span["attributes"]


@pytest.fixture
def never_awaited(near: WeaviateServer) -> Any:
    """What Python says of a coroutine that is dropped."""
    if not hasattr(weaviate, "WeaviateAsyncClient"):
        pytest.skip("the installed weaviate has no async client")

    async def program() -> list[str]:
        notes = client(ASYNC, near.url, {})
        await opened(ASYNC, notes)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            coroutine = notes.query.near_text("sun")
            name = coroutine.__qualname__
            del coroutine
            said = [name]
            for _ in range(2):
                # A warning holds the coroutine that it is about, and that the one within it.
                gc.collect()
                said += [str(each.message) for each in caught]
                caught.clear()
        await closed(ASYNC, notes)
        return said

    return lambda: asyncio.run(program())


def test_a_coroutine_that_is_never_awaited_warns_as_without_us(captured, never_awaited):
    traced = never_awaited()
    hooks.uninstall()
    assert never_awaited() == traced
    assert len(traced) > 1
    assert len(captured.spans) == 0
