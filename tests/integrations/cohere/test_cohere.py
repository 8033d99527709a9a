"""What is Cohere's own: texts that go out in batches, reranked documents, plans and citations, raw clients."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from mutagent.testing import CapturedSpans
from tests.integrations.canned import answering, streaming
from tests.integrations.cohere.cases import CHAT, FLOATS, GENERATED, HELLO, OLD_CHAT, RANKED, RERANK_ASKED, close
from tests.integrations.ways import SYNC

pytest.importorskip("cohere")


def with_client(url: str, program: Any, name: str = "Client") -> Any:
    """Run ``program(client)`` and close the client behind it."""
    made = getattr(import_module("cohere"), name, None)
    if made is None:
        pytest.skip(f"the installed cohere has no {name}")
    client = made(api_key="key-of-the-test", base_url=url)
    try:
        return program(client)
    finally:
        SYNC.run(close(SYNC, client))


def test_a_chat_is_traced_whole(captured: CapturedSpans) -> None:
    history = [{"role": "USER", "message": "Hi."}, {"role": "CHATBOT", "message": "Yes?"}]
    documents = [{"id": "doc-1", "text": "Greet people."}]
    with answering(OLD_CHAT) as url:
        with_client(
            url,
            lambda client: client.chat(
                model="model-1", message="Say hello.", chat_history=history, documents=documents
            ),
        )
    (span,) = captured.spans
    assert span["input"] == {
        "messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Yes?"}, *HELLO],
        "documents": [{"content": "Greet people.", "metadata": {"id": "doc-1"}}],
    }
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello there."}]}
    assert span["tokens"] == {"input": 4, "output": 6, "total": 10}


def test_many_texts_are_one_span(captured: CapturedSpans) -> None:
    with answering(FLOATS) as url:
        with_client(url, lambda client: client.embed(model="model-1", texts=["text"] * 200, input_type="search_query"))
    (span,) = captured.spans
    assert (span["kind"], span["name"]) == ("llm.embedding", "embeddings model-1")
    assert span["output"]["raw"]["embeddings"] % 2 == 0


def test_reranked_documents_have_their_text_and_their_scores(captured: CapturedSpans) -> None:
    with answering(RANKED) as url:
        with_client(url, lambda client: client.rerank(**{**RERANK_ASKED, "documents": ["one", {"text": "two"}]}))
    (span,) = captured.spans
    assert span["kind"] == "rerank"
    assert [(document["content"], document["score"]) for document in span["output"]["documents"]] == [
        ("two", 0.75),
        ("one", 0.25),
    ]


def test_a_generation_is_traced_whole(captured: CapturedSpans) -> None:
    with answering(GENERATED) as url:
        with_client(url, lambda client: client.generate(model="model-1", prompt="Say hello."))
    (span,) = captured.spans
    assert span["output"] == {"text": "Hello there."}
    assert span["attributes"]["mutagent.usage.raw"] == GENERATED["meta"]


def test_a_refused_call_has_the_providers_words(captured: CapturedSpans) -> None:
    def program(client: Any) -> None:
        with pytest.raises(Exception, match="That cannot be"):
            client.chat(model="model-1", message="Say hello.")

    with answering({"message": "That cannot be."}, 400) as url:
        with_client(url, program)
    (span,) = captured.spans
    assert span["error"] == "That cannot be."
    assert span["attributes"]["http.response.status_code"] == 400


def test_plans_calls_and_citations_stand_in_the_messages(captured: CapturedSpans) -> None:
    call = {"id": "call-1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    cited = {"start": 0, "end": 5, "text": "Hello", "sources": []}
    messages = [
        *HELLO,
        {"role": "assistant", "tool_plan": "I will add.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call-1", "content": [{"type": "document", "document": {"data": "42"}}]},
    ]
    answer = {**CHAT, "message": {**CHAT["message"], "citations": [cited]}}
    documents = ["Greet people.", {"id": "doc-2", "data": {"text": "Be kind."}}]
    with answering(answer) as url:
        with_client(
            url,
            lambda client: client.chat(model="model-1", messages=messages, documents=documents),
            "ClientV2",
        )
    (span,) = captured.spans
    _, planned, result = span["input"]["messages"]
    assert planned == {
        "role": "assistant",
        "content": [{"type": "reasoning", "text": "I will add."}],
        "toolCalls": [{"id": "call-1", "name": "add", "arguments": {"a": 1}}],
    }
    assert result["toolCallId"] == "call-1"
    assert [document["content"] for document in span["input"]["documents"]] == ["Greet people.", "Be kind."]
    (part,) = span["output"]["messages"][0]["content"]
    assert (part["text"], part["annotations"][0]["text"]) == ("Hello there.", "Hello")


EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "message-start", "id": "chat-1", "delta": {"message": {"role": "assistant"}}},
    {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will "}}},
    {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "add."}}},
    *(
        event
        for index in (0, 1)
        for event in (
            {
                "type": "tool-call-start",
                "index": index,
                "delta": {
                    "message": {
                        "tool_calls": {
                            "id": f"call-{index}",
                            "type": "function",
                            "function": {"name": "add", "arguments": ""},
                        }
                    }
                },
            },
            {
                "type": "tool-call-delta",
                "index": index,
                "delta": {"message": {"tool_calls": {"function": {"arguments": '{"a": 1}'}}}},
            },
            {"type": "tool-call-end", "index": index},
        )
    ),
    {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": CHAT["usage"]}},
)


def test_streamed_calls_are_put_together(captured: CapturedSpans) -> None:
    with streaming(*EVENTS, named=True) as url:
        with_client(url, lambda client: list(client.chat_stream(model="model-1", messages=HELLO)), "ClientV2")
    (span,) = captured.spans
    assert span["output"]["messages"] == [
        {
            "role": "assistant",
            "content": [{"type": "reasoning", "text": "I will add."}],
            "toolCalls": [{"id": f"call-{index}", "name": "add", "arguments": {"a": 1}} for index in (0, 1)],
        }
    ]
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["TOOL_CALL"]
