"""What is Pinecone's own: several namespaces, ids and sparse vectors as queries, documents, names of indexes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mutagent.auto import threads
from mutagent.integrations.specs.pinecone import request
from tests.integrations.canned import answering
from tests.integrations.pinecone.cases import DOCUMENTS, MATCHES, client
from tests.integrations.ways import SYNC

pytest.importorskip("pinecone")


def asked(answer: Any, method: str, **arguments: Any) -> None:
    with answering(answer) as url:
        index = client(SYNC, url, {})
        found = index
        for name in method.split("."):
            found = getattr(found, name)
        found(**arguments)
        index.close()


def test_a_query_of_several_namespaces_is_one_span(captured):
    threads.install()
    try:
        asked(MATCHES, "query_namespaces", vector=[1.0, 0.0], namespaces=["one", "two"], metric="cosine", top_k=3)
    finally:
        threads.uninstall()
    (span,) = captured.spans
    assert span["attributes"]["mutagent.request.namespaces"] == ["one", "two"]
    assert span["attributes"]["mutagent.retrieval.hits"] == len(span["output"]["documents"]) >= 2


def test_a_record_like_which_others_are_sought_is_told_by_its_id(captured):
    asked(MATCHES, "query", id="a", top_k=2)
    (span,) = captured.spans
    assert span["input"] == {"raw": {"id": "a"}}
    assert span["output"]["documents"] == DOCUMENTS


def test_dense_and_sparse_vectors_are_told_apart(captured):
    sparse = {"indices": list(range(40)), "values": [0.5] * 40}
    asked(MATCHES, "query", vector=[1.0, 0.0], sparse_vector=sparse, top_k=2)
    (span,) = captured.spans
    vectors = {"vectors": 1, "dimensions": 40}
    assert span["input"]["raw"]["vector"] == {"vectors": 1, "dimensions": 2}
    assert span["input"]["raw"]["sparse_vector"] == {"indices": vectors, "values": vectors}


def test_documents_are_searched_in_one_span(captured):
    found = {
        "matches": [{"_id": "a", "_score": 0.75, "text": "The sun."}],
        "namespace": "notes",
        "usage": {"read_units": 1},
    }
    asked(
        found,
        "documents.search",
        namespace="notes",
        top_k=1,
        score_by=[{"type": "text", "query": "sun", "fields": ["text"]}],
    )
    (span,) = captured.spans
    assert span["input"]["raw"]["score_by"] == [{"type": "text", "query": "sun", "fields": ["text"]}]
    (document,) = span["output"]["documents"]
    assert (document["content"], document["metadata"]["id"], document["score"]) == ("The sun.", "a", 0.75)


def test_an_index_is_called_by_what_its_host_begins_with():
    index = SimpleNamespace(_host="https://my-notes-abc1234.svc.aped-4627-b74a.pinecone.io")
    found = request({"namespace": "n", "query": {"inputs": {"text": "The sun?"}, "top_k": 3}}, index)
    assert (found.name, found.attributes["gen_ai.data_source.id"]) == ("retrieval my-notes", "my-notes")
    assert found.input == {"text": "The sun?"}
    assert found.parameters == {"namespace": "n", "top_k": 3}
