"""What is Qdrant's own: ids, texts and models as queries, batches, groups, and a server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.canned import answering
from tests.integrations.qdrant.cases import client
from tests.integrations.ways import SYNC

qdrant_client = pytest.importorskip("qdrant_client")
models = qdrant_client.models
FOUND = {"id": 7, "version": 1, "score": 0.5, "payload": {"page_content": "The sun.", "metadata": {"page": 1}}}


def inputs(captured: Any) -> list[Any]:
    return [span["input"] for span in captured.spans]


def test_a_lone_string_or_number_is_a_point_like_which_others_are_sought(captured):
    notes = client(SYNC, "", {})
    notes.query_points("notes", query=1)
    notes.query_points("notes", query=models.NearestQuery(nearest=[1.0, 0.0]))
    notes.query_points("notes", query=models.RecommendQuery(recommend=models.RecommendInput(positive=[1, [0.5, 0.5]])))
    notes.close()
    assert inputs(captured) == [
        {"raw": {"id": 1}},
        {"raw": {"vectors": 1, "dimensions": 2}},
        {"raw": {"recommend": {"positive": [1, {"vectors": 1, "dimensions": 2}]}}},
    ]


def test_a_batch_is_one_span_with_the_points_of_all(captured):
    notes = client(SYNC, "", {})
    asked = [models.QueryRequest(query=at, limit=1, with_payload=True) for at in ([1.0, 0.0], [-1.0, 0.0])]
    notes.query_batch_points("notes", asked)
    notes.close()
    (span,) = captured.spans
    assert span["input"] == {"raw": {"vectors": 2, "dimensions": 2}}
    assert [found["metadata"]["id"] for found in span["output"]["documents"]] == [1, 3]


def test_the_points_of_groups_follow_each_other(captured):
    notes = client(SYNC, "", {})
    notes.query_points_groups("notes", "page", query=[1.0, 0.0], limit=2, group_size=1)
    notes.query_points_groups("notes", "none", query=[1.0, 0.0])
    notes.close()
    found, nothing = captured.spans
    assert [one["content"] for one in found["output"]["documents"]] == ["The sun is a star.", "Rain falls."]
    assert nothing["attributes"]["mutagent.retrieval.hits"] == 0


def test_vectors_are_left_out_of_parameters(captured):
    notes = client(SYNC, "", {})
    fused = models.FusionQuery(fusion=models.Fusion.RRF)
    notes.query_points("notes", prefetch=[models.Prefetch(query=[1.0, 0.0], limit=2)], query=fused)
    notes.close()
    (span,) = captured.spans
    assert span["attributes"]["mutagent.request.prefetch"] == [{"query": {"vectors": 1, "dimensions": 2}, "limit": 2}]
    assert span["input"] == {"raw": {"fusion": "rrf"}}


def test_a_server_is_named_and_a_text_that_it_embeds_is_the_query(captured):
    with answering({"result": {"points": [FOUND]}, "status": "ok", "time": 0.1}) as url:
        served = qdrant_client.QdrantClient(url, check_compatibility=False, cloud_inference=True)
        served.query_points("notes", query=models.Document(text="The sun?", model="bm25"))
        served.close()
    (span,) = captured.spans
    assert span["input"] == {"text": "The sun?"}
    assert span["attributes"]["server.address"] == "127.0.0.1"
    assert span["output"] == {
        "documents": [{"content": "The sun.", "metadata": {"id": 7, "metadata": {"page": 1}}, "score": 0.5}]
    }


def test_a_refusal_of_a_server_has_its_status(captured):
    with answering({"status": {"error": "Not found: Collection `notes` doesn't exist!"}}, 404) as url:
        served = qdrant_client.QdrantClient(url, check_compatibility=False)
        with pytest.raises(qdrant_client.http.exceptions.UnexpectedResponse):
            served.query_points("notes", query=[1.0])
        served.close()
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["http.response.status_code"]) == ("error", 404)
