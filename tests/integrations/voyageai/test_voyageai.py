"""What is Voyage AI's own: chunks in their context, texts with images, default models, arguments by position."""

from __future__ import annotations

import pytest

from tests.integrations.canned import answering
from tests.integrations.surfaces import KEY
from tests.integrations.voyageai.cases import VECTORS

voyageai = pytest.importorskip("voyageai")
CHUNKS = {
    "object": "list",
    "model": "model-1",
    "data": [{"object": "list", "index": 0, "data": VECTORS["data"]}],
    "usage": {"total_tokens": 4},
}


def test_chunks_are_counted_over_all_documents(captured):
    with answering(CHUNKS) as url:
        voyageai.Client(KEY, base_url=url).contextualized_embed([["one", "two"]], "model-1", "document")
    (span,) = captured.spans
    assert (span["name"], span["input"]) == ("embeddings model-1", {"raw": [["one", "two"]]})
    assert span["output"] == {"raw": {"embeddings": 2, "dimensions": 2}}


def test_texts_with_images_count_pixels(captured):
    usage = {"text_tokens": 4, "image_pixels": 100, "video_pixels": 0, "total_tokens": 6}
    with answering({**VECTORS, "usage": usage}) as url:
        inputs = [{"content": [{"type": "text", "text": "one"}]}]
        voyageai.Client(KEY, base_url=url).multimodal_embed(inputs, "model-1")
    (span,) = captured.spans
    assert span["input"] == {"raw": inputs}
    assert span["tokens"] == {"input": 6, "total": 6}
    assert span["attributes"]["mutagent.usage.raw"]["image_pixels"] == 100


def test_arguments_by_position_are_known(captured):
    ranked = {**VECTORS, "data": [{"index": 0, "relevance_score": 0.5}]}
    with answering(ranked) as url:
        voyageai.Client(KEY, base_url=url).rerank("Which?", ["one"], "model-1", 1)
    (span,) = captured.spans
    assert (span["name"], span["input"]["text"]) == ("rerank model-1", "Which?")
    assert span["output"]["documents"] == [{"content": "one", "metadata": {"index": 0}, "score": 0.5}]


def test_a_client_without_a_base_url_talks_to_voyage():
    from mutagent.integrations.specs.voyageai import rerank_request

    asked = rerank_request({"query": "Which?", "documents": ["one"], "model": "model-1"}, voyageai.Client(KEY))
    assert (asked.provider, asked.server) == ("voyage", "https://api.voyageai.com/v1")
