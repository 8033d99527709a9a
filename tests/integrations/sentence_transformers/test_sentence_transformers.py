"""What is Sentence Transformers' own: pairs of several queries, classes, tensors, vectors of each token."""

from __future__ import annotations

import pytest

from tests.integrations.sentence_transformers import tiny

library = pytest.importorskip("sentence_transformers")
DOCUMENTS = ["Rain falls.", "The sun is a star.", "Snow lies."]


def test_documents_stand_in_their_new_order_with_the_programs_scores(captured):
    ranked = tiny.reranker().rank("What is a star?", DOCUMENTS)
    (span,) = captured.spans
    assert [result["corpus_id"] for result in ranked] != [0, 1, 2]
    assert span["output"]["documents"] == [
        {
            "content": DOCUMENTS[result["corpus_id"]],
            "metadata": {"index": result["corpus_id"]},
            "score": float(result["score"]),
        }
        for result in ranked
    ]


def test_documents_that_are_asked_back_are_those(captured):
    tiny.reranker().rank("What?", DOCUMENTS, 1, True)
    (span,) = captured.spans
    (document,) = span["output"]["documents"]
    assert document["content"] == DOCUMENTS[document["metadata"]["index"]]
    assert span["attributes"]["mutagent.request.top_n"] == 1
    assert span["attributes"]["mutagent.request.return_documents"] is True


def test_one_pair_is_one_document(captured):
    score = tiny.reranker().predict(("What?", "Rain falls."))
    (span,) = captured.spans
    assert span["input"] == {"text": "What?", "documents": [{"content": "Rain falls."}]}
    assert span["output"]["documents"] == [
        {"content": "Rain falls.", "metadata": {"index": 0}, "score": float(score)},
    ]


def test_pairs_of_several_queries_are_no_documents(captured):
    pairs = [["What?", "Rain falls."], ["Which?", "Snow lies."]]
    scores = tiny.reranker().predict(pairs)
    (span,) = captured.spans
    assert (span["input"], span["output"]) == ({"raw": pairs}, {"raw": scores.tolist()})
    assert "gen_ai.retrieval.query.text" not in span["attributes"]


def test_a_model_that_tells_classes_apart_gives_several_scores(captured):
    scores = tiny.reranker("classes", labels=3).predict([["Rain falls.", "Snow lies."]], apply_softmax=True)
    (span,) = captured.spans
    assert span["output"] == {"raw": scores.tolist()}


@pytest.mark.parametrize("form", [{"convert_to_tensor": True}, {"convert_to_numpy": False}])
def test_scores_as_tensors_are_recorded_too(captured, form):
    scores = tiny.reranker().predict([["What?", document] for document in DOCUMENTS], **form)
    (span,) = captured.spans
    assert [document["score"] for document in span["output"]["documents"]] == [score.item() for score in scores]


def test_scores_on_another_device_are_not_waited_for(captured):
    import torch

    from mutagent.integrations.specs.sentence_transformers import numbers

    assert numbers(torch.empty(2, device="meta")) is None
    assert numbers([torch.empty(1, device="meta")]) == [None]


def test_pairs_of_what_is_no_text_fail_as_the_tokenizer_says(captured):
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the library's affair
        tiny.reranker().predict([[1, 2]])
    (span,) = captured.spans
    assert (span["status"], span["input"]) == ("error", {"raw": [[1, 2]]})
    assert span["attributes"]["error.type"].endswith(type(raised.value).__name__)


def test_no_documents_are_none_in_their_new_order(captured):
    if not hasattr(library, "MultiVectorEncoder"):
        pytest.skip("an IndexError, before 5.2 or so")
    tiny.reranker().rank("What?", [])
    (span,) = captured.spans
    assert (span["status"], span["output"]) == ("ok", {"documents": []})


def test_one_text_is_one_vector(captured):
    tiny.embedder().encode("Rain falls.")
    (span,) = captured.spans
    assert (span["name"], span["kind"]) == (f"embeddings {tiny.path_of('embedder')}", "llm.embedding")
    assert (span["input"], span["output"]) == ({"text": "Rain falls."}, {"raw": {"embeddings": 1, "dimensions": 8}})


@pytest.mark.parametrize(
    "form", [{"convert_to_tensor": True}, {"convert_to_numpy": False}, {"output_value": "token_embeddings"}]
)
def test_vectors_are_counted_in_every_form(captured, form):
    tiny.embedder().encode(DOCUMENTS, **form)
    (span,) = captured.spans
    assert span["output"] == {"raw": {"embeddings": 3, "dimensions": 8}}


def test_no_texts_are_no_vectors(captured):
    tiny.embedder().encode([])
    (span,) = captured.spans
    assert span["output"] == {"raw": {"embeddings": 0}}


@pytest.mark.parametrize(("method", "prompt"), [("encode_query", "query"), ("encode_document", "document")])
def test_queries_and_documents_are_one_span_each(captured, method, prompt):
    model = tiny.embedder()
    if not hasattr(model, method):
        pytest.skip("older than 5.0")
    model.prompts = {**model.prompts, prompt: "which "}
    getattr(model, method)(DOCUMENTS)
    (span,) = captured.spans
    assert span["attributes"]["mutagent.request.prompt_name"] == prompt


def test_sparse_vectors_are_as_long_as_the_vocabulary(captured):
    if not hasattr(library, "SparseEncoder"):
        pytest.skip("older than 5.0")
    tiny.embedder("SparseEncoder", "sparse").encode(DOCUMENTS)
    (span,) = captured.spans
    assert span["output"] == {"raw": {"embeddings": 3, "dimensions": len(tiny.WORDS)}}


def test_a_vector_for_each_token_counts_as_one_for_each_text(captured):
    if not hasattr(library, "MultiVectorEncoder"):
        pytest.skip("older than 6.0")
    model = tiny.embedder("MultiVectorEncoder")
    for texts in (DOCUMENTS, "Rain falls."):
        vectors = model.encode(texts)
        assert captured.spans[-1]["output"] == {
            "raw": {"embeddings": 3 if texts is DOCUMENTS else 1, "dimensions": vectors[0].shape[-1]}
        }
