"""What is Milvus's own: several queries, hybrid search, other rows as the query, vectors that are asked for."""

from __future__ import annotations

import pytest

from tests.integrations.pymilvus.cases import database

pymilvus = pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")
AT, ACROSS = [1.0, 0.0], [0.0, 1.0]


def test_the_rows_of_several_queries_follow_each_other(captured):
    database().client.search("notes", [AT, ACROSS], limit=1, output_fields=["text"])
    (span,) = captured.spans
    assert span["input"] == {"raw": {"vectors": 2, "dimensions": 2}}
    assert [one["content"] for one in span["output"]["documents"]] == ["The sun is a star.", "Rain falls."]
    assert span["attributes"]["mutagent.retrieval.hits"] == 2


def test_a_hybrid_search_is_one_span_and_says_how_it_ranks(captured):
    asked = [pymilvus.AnnSearchRequest([at], "vector", {}, 2) for at in (AT, ACROSS)]
    found = database().client.hybrid_search("notes", asked, pymilvus.RRFRanker(60), limit=2, output_fields=["text"])
    (span,) = captured.spans
    assert (span["name"], span["input"]) == ("retrieval notes", {"raw": {"vectors": 2, "dimensions": 2}})
    assert span["attributes"]["mutagent.request.ranker"] == {"class": "RRFRanker", "k": 60}
    assert [one["score"] for one in span["output"]["documents"]] == [hit["distance"] for hit in found[0]]


def test_vectors_that_are_asked_for_are_left_to_the_program(captured):
    found = database().client.search("notes", [AT], limit=1, output_fields=["*"])
    (span,) = captured.spans
    assert span["output"]["documents"] == [
        {"content": "The sun is a star.", "metadata": {"id": 1, "page": 1}, "score": 1.0}
    ]
    assert list(found[0][0]["entity"]["vector"]) == AT


def test_positional_arguments_are_known_by_name(captured):
    database().client.search("notes", [AT], "page > 1", 1)
    (span,) = captured.spans
    assert span["attributes"]["mutagent.request.filter"] == "page > 1"
    assert span["attributes"]["mutagent.request.limit"] == 1
