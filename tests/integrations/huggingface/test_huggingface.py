"""What is Hugging Face's own: a chat by its other name, text without details, errors caused by the HTTP error."""

from __future__ import annotations

import pytest

from mutagent.testing import CapturedSpans
from tests.integrations.canned import answering, streaming
from tests.integrations.huggingface.cases import CHUNKS, COMPLETION, GENERATED, HELLO, TOKENS

pytest.importorskip("huggingface_hub")
from huggingface_hub import InferenceClient


def test_a_chat_by_its_other_name_is_one_span(captured: CapturedSpans) -> None:
    with answering(COMPLETION) as url:
        InferenceClient(base_url=url).chat.completions.create(model="model-1", messages=HELLO)
    (span,) = captured.spans
    assert (span["name"], span["provider"]) == ("chat model-1", "huggingface")
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello there."}]}
    assert span["tokens"] == {"input": 4, "output": 6, "total": 10}


def test_a_streamed_chat_is_traced_whole(captured: CapturedSpans) -> None:
    with streaming(*CHUNKS) as url:
        client = InferenceClient(base_url=url)
        given = list(client.chat_completion(HELLO, model="model-1", stream=True))
    (span,) = captured.spans
    assert len(given) == len(CHUNKS)
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello there."}]}
    assert span["tokens"] == {"input": 4, "output": 6, "total": 10}


def test_usage_is_asked_for_and_hidden(captured: CapturedSpans, monkeypatch: pytest.MonkeyPatch) -> None:
    from mutagent.tracing.runtime import live

    assert live.tracer is not None
    monkeypatch.setattr(live.tracer, "asks_usage", True)
    with streaming(*CHUNKS) as url:
        client = InferenceClient(base_url=url)
        given = list(client.chat_completion(HELLO, model="model-1", stream=True))
    assert len(given) == len(CHUNKS) - 1
    assert captured.spans[0]["tokens"] == {"input": 4, "output": 6, "total": 10}


def test_text_alone_is_an_answer(captured: CapturedSpans) -> None:
    with answering(GENERATED) as url:
        text = InferenceClient(model=url).text_generation("Say hello.")
    with streaming(*TOKENS) as url:
        client = InferenceClient(model=url)
        pieces = list(client.text_generation("Say hello.", stream=True))
    assert text == "".join(pieces) == "Hello there."
    assert [span["output"] for span in captured.spans] == [{"text": "Hello there."}] * 2
    assert ["tokens" in span for span in captured.spans] == [False, False]


def test_a_refused_generation_has_its_status(captured: CapturedSpans) -> None:
    with answering({"error": "That cannot be.", "error_type": "validation"}, 422) as url:
        client = InferenceClient(model=url)
        with pytest.raises(Exception, match="That cannot be"):
            client.text_generation("Say hello.")
    (span,) = captured.spans
    assert span["error"] == "That cannot be."
    assert span["attributes"]["http.response.status_code"] == 422
