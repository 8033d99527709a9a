"""LiteLLM's functions beside chat and embeddings, each recorded as the provider's own client would be."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from mutagent.capture.media import digest
from mutagent.testing import CapturedSpans
from tests.integrations.canned import Answer, Answers, json_answer
from tests.integrations.litellm.cases import CHAT, REFUSED
from tests.integrations.litellm.test_tries import done
from tests.integrations.situations import Situation
from tests.integrations.surfaces import KEY
from tests.integrations.ways import SYNC

litellm = pytest.importorskip("litellm")
# What it does about its own models and its own logging, and not about us.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Accessing the 'model_.*fields'", "ignore::pytest.PytestUnraisableExceptionWarning"
)
PIXELS = b64encode(b"\x89PNG" * 400)
SOUND = b"\xff\xfb\x90" * 400
COUNTS = {"input_tokens": 4, "output_tokens": 6, "total_tokens": 10}
TOKENS = {"input": 4, "output": 6, "total": 10}


def called(captured: CapturedSpans, name: str, answer: Answer, **arguments: Any) -> dict[str, Any]:
    """The span of a call of one function, whose provider answers so."""
    server = Answers(REFUSED, answer)(Situation.ANSWERED)
    try:
        client = CHAT.client(SYNC, server.url, {})
        done(getattr(client, name)(**arguments))
    finally:
        server.close()
    (span,) = captured.spans
    assert span["status"] == "ok"
    return span


def test_images_are_placeholders(captured: CapturedSpans) -> None:
    drawn = {"created": 1, "data": [{"b64_json": PIXELS.decode()}], "usage": COUNTS}
    span = called(captured, "image_generation", json_answer(drawn), model="openai/gpt-image-1", prompt="A greeting.")
    assert span["kind"] == "llm.completion"
    assert span["input"] == {"messages": [{"role": "user", "content": "A greeting."}]}
    (said,) = span["output"]["messages"]
    assert said["content"] == [{"type": "image", "size": 1600, "digest": digest(PIXELS)}]
    assert span["attributes"]["gen_ai.output.type"] == "image"
    assert span["tokens"] == TOKENS


def test_a_transcription_names_its_file_and_holds_its_text(captured: CapturedSpans) -> None:
    heard = {"text": "Hello there."}
    span = called(captured, "transcription", json_answer(heard), model="openai/whisper-1", file=("a.mp3", SOUND))
    (asked,) = span["input"]["messages"]
    assert asked["content"] == [{"type": "audio", "name": "a.mp3", "size": len(SOUND), "digest": digest(SOUND)}]
    assert span["output"] == {"text": "Hello there."}


def test_speech_is_a_placeholder(captured: CapturedSpans) -> None:
    answer = Answer(SOUND, "audio/mpeg")
    span = called(captured, "speech", answer, model="openai/tts-1", input="Hello there.", voice="alloy")
    assert span["input"] == {"text": "Hello there."}
    assert span["output"] == {"raw": {"type": "audio", "size": len(SOUND), "digest": digest(SOUND)}}


def test_a_moderation_says_what_is_flagged(captured: CapturedSpans) -> None:
    result = {
        "flagged": True,
        "categories": {"hate/threatening": True, "self-harm": False},
        "category_scores": {"hate/threatening": 0.9, "self-harm": 0.1},
        "category_applied_input_types": {"hate/threatening": ["text"], "self-harm": ["text"]},
    }
    judged = {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}
    span = called(captured, "moderation", json_answer(judged), model="omni-moderation-latest", input="I hate.")
    assert span["kind"] == "guardrail"
    assert span["attributes"]["mutagent.guardrail.flagged"] is True
    (verdict,) = span["output"]["raw"]["results"]
    assert (verdict["flagged"], verdict["categories"]) == (True, ["hate_threatening"])
    assert verdict["scores"] == {"hate_threatening": 0.9, "self_harm": 0.1}


RANKED = {
    "id": "rank-1",
    "results": [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}],
    "meta": {"billed_units": {"search_units": 1}},
}
IN_ORDER = {
    "documents": [
        {"content": "two", "metadata": {"index": 1}, "score": 0.75},
        {"content": "one", "metadata": {"index": 0}, "score": 0.25},
    ]
}


def test_reranking_has_the_documents_in_their_new_order(captured: CapturedSpans) -> None:
    span = called(captured, "rerank", json_answer(RANKED), model="cohere/rerank-v3.5", query="Which?",
                  documents=["one", {"text": "two"}])  # fmt: skip
    assert span["input"] == {"text": "Which?", "documents": [{"content": "one"}, {"content": "two"}]}
    assert span["attributes"]["gen_ai.retrieval.query.text"] == "Which?"
    assert span["output"] == IN_ORDER
    assert (span["attributes"]["mutagent.usage.search_units"], "tokens" in span) == (1, False)


def test_a_router_that_reranks_is_a_chain_around_it(captured: CapturedSpans) -> None:
    server = Answers(REFUSED, json_answer(RANKED))(Situation.ANSWERED)
    told = {"model": "cohere/rerank-v3.5", "api_base": server.url, "api_key": KEY}
    try:
        router = litellm.Router([{"model_name": "group", "litellm_params": told}])
        done(router.arerank(model="group", query="Which?", documents=["one", "two"]))
    finally:
        server.close()
    chain, call = sorted(captured.spans, key=lambda span: span["startTime"])
    assert (chain["name"], chain["kind"], chain["output"]) == ("router group", "chain", IN_ORDER)
    assert (call["kind"], call["parentSpanId"], call["output"]) == ("rerank", chain["spanId"], IN_ORDER)
