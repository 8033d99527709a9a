"""Embeddings, images and videos."""

from __future__ import annotations

import base64
import json

import pytest

from tests.integrations.google.gemini import answering, at_least, every_way, quiet, run, vertex

pytest.importorskip("google.genai")
from google.genai import types

pytestmark = [*quiet, pytest.mark.filterwarnings("ignore")]  # its methods for images are deprecated
PIXELS = bytes(range(40))
ENCODED = base64.b64encode(PIXELS).decode()


@every_way
def test_embeddings(way, captured):
    async def program(client):
        config = {"output_dimensionality": 3, "task_type": "RETRIEVAL_QUERY"}
        return await way.call(client.models.embed_content, model="embed-1", contents=["one", "two"], config=config)

    with answering({"embeddings": [{"values": [0.1, 0.2, 0.3]}, {"values": [0.4, 0.5, 0.6]}]}) as server:
        assert len(run(way, server, program).embeddings) == 2
    (span,) = captured.spans
    assert (span["name"], span["kind"], span["provider"]) == ("embeddings embed-1", "llm.embedding", "gcp.gemini")
    assert span["input"] == {"raw": ["one", "two"]}
    assert span["output"] == {"raw": {"embeddings": 2, "dimensions": 3}}
    assert span["attributes"]["gen_ai.embeddings.dimension.count"] == 3
    assert span["attributes"]["mutagent.request.task_type"] == "RETRIEVAL_QUERY"


@every_way
def test_the_tokens_of_embeddings_are_added_up(way, captured):
    async def program(client):
        return await way.call(client.models.embed_content, model="text-embedding-1", contents=["one", "two"])

    each = {"embeddings": {"values": [0.1], "statistics": {"token_count": 2, "truncated": False}}}
    with answering({"predictions": [each, each]}) as server:
        run(way, server, program, vertex)
    assert captured.spans[0]["tokens"] == {"input": 4}


@every_way
def test_an_image_is_a_placeholder(way, captured):
    async def program(client):
        return await way.call(
            client.models.generate_images, model="imagen-1", prompt="A cat", config={"number_of_images": 2}
        )

    drawn = {"bytesBase64Encoded": ENCODED, "mimeType": "image/png"}
    with answering({"predictions": [drawn, {"raiFilteredReason": "No cats."}]}) as server:
        run(way, server, program, vertex)
    (span,) = captured.spans
    assert (span["name"], span["kind"], span["provider"]) == (
        "generate_content imagen-1", "llm.completion", "gcp.vertex_ai",
    )  # fmt: skip
    assert span["input"]["messages"] == [{"role": "user", "content": "A cat"}]
    (image,) = span["output"]["messages"][0]["content"]
    assert (image["type"], image["media_type"], image["size"]) == ("image", "image/png", len(PIXELS))
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["No cats."]
    assert span["attributes"]["gen_ai.output.type"] == "image"
    assert span["attributes"]["mutagent.request.number_of_images"] == 2
    assert ENCODED not in json.dumps(span)


@every_way
def test_an_edited_image_has_what_it_was_made_after(way, captured):
    async def program(client):
        reference = types.RawReferenceImage(
            reference_id=1, reference_image=types.Image(image_bytes=PIXELS, mime_type="image/png")
        )
        return await way.call(
            client.models.edit_image, model="imagen-1", prompt="A dog instead", reference_images=[reference]
        )

    with answering({"predictions": [{"bytesBase64Encoded": ENCODED, "mimeType": "image/png"}]}) as server:
        run(way, server, program, vertex)
    text, image = captured.spans[0]["input"]["messages"][0]["content"]
    assert text == {"type": "text", "text": "A dog instead"}
    assert (image["type"], image["size"]) == ("image", len(PIXELS))


@pytest.mark.skipif(not at_least(1, 10), reason="this client makes no videos")
@every_way
def test_a_video_is_the_operation_that_makes_it(way, captured):
    async def program(client):
        return await way.call(client.models.generate_videos, model="veo-1", prompt="A cat runs")

    with answering({"name": "models/veo-1/operations/operation-1"}) as server:
        run(way, server, program, vertex)
    (span,) = captured.spans
    assert span["name"] == "generate_content veo-1"
    assert span["attributes"]["gen_ai.response.id"] == "models/veo-1/operations/operation-1"
