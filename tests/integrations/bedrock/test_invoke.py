"""InvokeModel through boto3: bodies in every vendor's schema, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integrations.bedrock.frames import chunk
from tests.integrations.bedrock.service import REQUEST_ID, Service

COUNTS = {"x_amzn_bedrock_input_token_count": "7", "x_amzn_bedrock_output_token_count": "3"}
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 7, "outputTokenCount": 3}}
TURNS = [{"role": "user", "content": "Hi"}]
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"


def invoke(service: Service, model: str, body: Any, **more: Any) -> bytes:
    """Call InvokeModel and read its body as most programs do."""
    answer = service.client().invoke_model(modelId=model, body=json.dumps(body), **more)
    read: bytes = answer["body"].read()
    return read


def brief(span: dict[str, Any]) -> dict[str, Any]:
    """What tells one vendor's span from another's."""
    attributes = span["attributes"]
    said = span["output"]
    return {
        "name": span["name"],
        "kind": span["kind"],
        "asked": span["input"].get("text") or span["input"].get("messages") or span["input"].get("raw"),
        "said": said.get("text") or said.get("raw") or said.get("messages") or said,
        "tokens": (span["tokens"].get("input"), span["tokens"].get("output")),
        "ended": attributes.get("gen_ai.response.finish_reasons"),
        "max_tokens": attributes.get("gen_ai.request.max_tokens"),
    }


# Model, what it is asked, what it says, and the text, finish reason and kind that are read of it.
TEXTS: list[tuple[str, dict[str, Any], Any, str, str | None]] = [
    (
        "amazon.titan-text-lite-v1",
        {"inputText": "Hi", "textGenerationConfig": {"maxTokenCount": 9}},
        {"inputTextTokenCount": 7, "results": [{"tokenCount": 3, "outputText": "Hello", "completionReason": "FINISH"}]},
        "Hello",
        "FINISH",
    ),
    (
        "us.meta.llama3-1-70b-instruct-v1:0",
        {"prompt": "Hi", "max_gen_len": 9},
        {"generation": "Hello", "prompt_token_count": 7, "generation_token_count": 3, "stop_reason": "stop"},
        "Hello",
        "stop",
    ),
    (
        "mistral.mistral-7b-instruct-v0:2",
        {"prompt": "Hi", "max_tokens": 9},
        {"outputs": [{"text": "Hello", "stop_reason": "stop"}]},
        "Hello",
        "stop",
    ),
    (
        "cohere.command-text-v14",
        {"prompt": "Hi", "max_tokens": 9},
        {"id": "g", "generations": [{"id": "1", "text": "Hello", "finish_reason": "COMPLETE"}], "prompt": "Hi"},
        "Hello",
        "COMPLETE",
    ),
    (
        "ai21.j2-mid-v1",
        {"prompt": "Hi", "maxTokens": 9},
        {"id": 1, "completions": [{"data": {"text": "Hello", "tokens": []}, "finishReason": {"reason": "length"}}]},
        "Hello",
        "length",
    ),
    (
        "anthropic.claude-v2",
        {"prompt": "Hi", "max_tokens_to_sample": 9},
        {"completion": "Hello", "stop_reason": "stop_sequence"},
        "Hello",
        "stop_sequence",
    ),
    (
        "us.deepseek.r1-v1:0",
        {"prompt": "Hi", "max_tokens": 9},
        {"choices": [{"text": "Hello", "stop_reason": "stop", "finish_reason": "stop"}]},
        "Hello",
        "stop",
    ),
    (
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
        {"inputs": "Hi", "parameters": {"max_new_tokens": 9}},
        [{"generated_text": "Hello"}],
        "Hello",
        None,
    ),
]


@pytest.mark.parametrize(("model", "asked", "said", "text", "ended"), TEXTS, ids=[row[0] for row in TEXTS])
def test_a_prompt(service: Service, captured: Any, model: str, asked: Any, said: Any, text: str, ended: Any) -> None:
    """Every vendor's prompt is an ``llm.completion`` with the same facts."""
    service.says(said, **COUNTS)
    assert json.loads(invoke(service, model, asked)) == said
    (span,) = captured.spans
    assert brief(span) == {
        "name": f"text_completion {model}",
        "kind": "llm.completion",
        "asked": "Hi",
        "said": text,
        "tokens": (7, 3),
        "ended": [ended] if ended else None,
        "max_tokens": 9,
    }
    assert (span["provider"], span["attributes"]["mutagent.request_id"]) == ("aws.bedrock", REQUEST_ID)


CHATS: list[tuple[str, dict[str, Any], Any, str]] = [
    (
        ARN,
        {"anthropic_version": "bedrock-2023-05-31", "messages": TURNS, "max_tokens": 9},
        {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": "Hello"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 7, "output_tokens": 3},
        },
        "end_turn",
    ),
    (
        "amazon.nova-micro-v1:0",
        {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "inferenceConfig": {"max_new_tokens": 9}},
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 7, "outputTokens": 3},
        },
        "end_turn",
    ),
    (
        "openai.gpt-oss-120b-1:0",
        {"messages": TURNS, "max_completion_tokens": 9},
        {
            "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        },
        "stop",
    ),
    (
        "cohere.command-r-v1:0",
        {"message": "Hi", "max_tokens": 9},
        {"text": "Hello", "generation_id": "g", "finish_reason": "COMPLETE", "chat_history": []},
        "COMPLETE",
    ),
]


@pytest.mark.parametrize(("model", "asked", "said", "ended"), CHATS, ids=[row[0] for row in CHATS])
def test_messages(service: Service, captured: Any, model: str, asked: Any, said: Any, ended: str) -> None:
    """Every vendor's messages are an ``llm.chat`` with the same facts, an ARN that names no vendor's too."""
    service.says(said, **COUNTS)
    invoke(service, model, asked)
    assert [brief(span) for span in captured.spans] == [
        {
            "name": f"chat {model}",
            "kind": "llm.chat",
            "asked": TURNS,
            "said": [{"role": "assistant", "content": "Hello"}],
            "tokens": (7, 3),
            "ended": [ended],
            "max_tokens": 9,
        }
    ]


STREAMS: list[tuple[str, dict[str, Any], list[Any], Any]] = [
    (
        "amazon.titan-text-lite-v1",
        {"inputText": "Hi"},
        [{"outputText": "Hel", "index": 0}, {"outputText": "lo", "index": 0, "completionReason": "FINISH", **METRICS}],
        {"text": "Hello"},
    ),
    (
        "meta.llama3-1-70b-instruct-v1:0",
        {"prompt": "Hi"},
        [
            {"generation": "Hel", "prompt_token_count": 7, "generation_token_count": 1, "stop_reason": None},
            {
                "generation": "lo",
                "prompt_token_count": None,
                "generation_token_count": 3,
                "stop_reason": "FINISH",
                **METRICS,
            },
        ],
        {"text": "Hello"},
    ),
    (
        "mistral.mistral-7b-instruct-v0:2",
        {"prompt": "Hi"},
        [
            {"outputs": [{"text": "Hel", "stop_reason": None}]},
            {"outputs": [{"text": "lo", "stop_reason": "FINISH"}], **METRICS},
        ],
        {"text": "Hello"},
    ),
    (
        "cohere.command-text-v14",
        {"prompt": "Hi", "num_generations": 2},
        [
            {"text": "A", "is_finished": False, "index": 0},
            {"text": "B", "is_finished": False, "index": 1},
            {"is_finished": True, "finish_reason": "FINISH", "index": 0, **METRICS},
        ],
        {"raw": ["A", "B"]},
    ),
    (
        "cohere.command-r-v1:0",
        {"message": "Hi"},
        [
            {"event_type": "stream-start", "generation_id": "g"},
            {"event_type": "text-generation", "text": "Hel"},
            {"event_type": "text-generation", "text": "lo"},
            {"event_type": "stream-end", "finish_reason": "FINISH", "response": {"text": "Hello"}, **METRICS},
        ],
        {"messages": [{"role": "assistant", "content": "Hello"}]},
    ),
    (
        ARN,
        {"anthropic_version": "bedrock-2023-05-31", "messages": TURNS},
        [
            {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 7, "output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
            {"type": "message_delta", "delta": {"stop_reason": "FINISH"}, "usage": {"output_tokens": 3}},
            {"type": "message_stop", **METRICS},
        ],
        {"messages": [{"role": "assistant", "content": "Hello"}]},
    ),
    (
        "amazon.nova-micro-v1:0",
        {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "schemaVersion": "messages-v1"},
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "Hello"}, "contentBlockIndex": 0}},
            {"messageStop": {"stopReason": "FINISH"}},
            {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3}}, **METRICS},
        ],
        {"messages": [{"role": "assistant", "content": "Hello"}]},
    ),
    (
        "ai21.jamba-1-5-large-v1:0",
        {"messages": TURNS},
        [
            {"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]},
            {"id": "c", "choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "FINISH"}], **METRICS},
        ],
        {"messages": [{"role": "assistant", "content": "Hello"}]},
    ),
]


@pytest.mark.parametrize(("model", "asked", "said", "output"), STREAMS, ids=[row[0] for row in STREAMS])
def test_chunks(service: Service, captured: Any, model: str, asked: Any, said: Any, output: Any) -> None:
    """Chunks in every vendor's schema amount to the same."""
    service.streams(*map(chunk, said))
    stream = service.client().invoke_model_with_response_stream(modelId=model, body=json.dumps(asked))["body"]
    assert [json.loads(one["chunk"]["bytes"]) for one in stream] == said
    (span,) = captured.spans
    assert (span["output"], span["tokens"]) == (output, {"input": 7, "output": 3, "total": 10})
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["FINISH"]
    assert span["attributes"]["mutagent.stream.outcome"] == "completed"
    assert "mutagent.usage.missing" not in span["attributes"]


EMBEDDINGS: list[tuple[str, dict[str, Any], Any, Any, dict[str, int]]] = [
    (ARN, {"inputText": "Hi", "normalize": True}, {"embedding": [0.1, 0.2], "inputTextTokenCount": 7}, "Hi",
     {"embeddings": 1, "dimensions": 2}),
    ("cohere.embed-english-v3", {"texts": ["a", "b"], "input_type": "search_query"},
     {"id": "e", "embeddings": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], "texts": ["a", "b"]}, ["a", "b"],
     {"embeddings": 2, "dimensions": 3}),
    (ARN, {"inputText": "Hi"}, {"embedding": [0.1, -2e-05], "inputTextTokenCount": 7}, "Hi",
     {"embeddings": 1, "dimensions": 2}),
    ("cohere.embed-v4:0", {"texts": ["a"], "embedding_types": ["float", "int8"]},
     {"id": "e", "embeddings": {"float": [[0.1, 0.2]], "int8": [[1, 2]]}}, ["a"], {"embeddings": 1, "dimensions": 2}),
    ("amazon.nova-2-multimodal-embeddings-v1:0",
     {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {"text": {"value": "Hi"}, "embeddingDimension": 3}},
     {"embeddings": [{"embeddingType": "TEXT", "embedding": [0.1, 0.2, 0.3]}]}, "Hi",
     {"embeddings": 1, "dimensions": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "asked", "said", "text", "found"), EMBEDDINGS, ids=[row[0] for row in EMBEDDINGS])
def test_embeddings(service: Service, captured: Any, model: str, asked: Any, said: Any, text: Any, found: Any) -> None:
    """How many vectors, and how long; never the vectors."""
    service.says(said, x_amzn_bedrock_input_token_count="7")
    invoke(service, model, asked)
    (span,) = captured.spans
    assert {name: span[name] for name in ("name", "kind", "output", "tokens")} == {
        "name": f"embeddings {model}", "kind": "llm.embedding", "output": {"raw": found}, "tokens": {"input": 7},
    }  # fmt: skip
    assert span["input"] == ({"text": text} if isinstance(text, str) else {"raw": text})


def test_a_reranker(service: Service, captured: Any) -> None:
    """The documents asked about, and their new order."""
    service.says({"results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]})
    invoke(service, "cohere.rerank-v3-5:0", {"query": "q", "documents": ["a", "b"], "top_n": 2, "api_version": 2})
    (span,) = captured.spans
    assert (span["kind"], span["input"]) == (
        "rerank", {"text": "q", "documents": [{"content": "a"}, {"content": "b"}]})  # fmt: skip
    assert span["output"]["documents"] == [
        {"content": "b", "metadata": {"index": 1}, "score": 0.9},
        {"content": "a", "metadata": {"index": 0}, "score": 0.1},
    ]
    assert span["attributes"]["mutagent.request.top_n"] == 2


def test_pictures_are_placeholders(service: Service, captured: Any) -> None:
    """Size and digest, never pixels."""
    service.says({"images": ["iVBORw0KGgo" * 100]})
    asked = {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "A cat"}, "imageGenerationConfig": {"seed": 1}}
    invoke(service, "amazon.titan-image-generator-v2:0", asked)
    (span,) = captured.spans
    (picture,) = span["output"]["messages"][0]["content"]
    assert (span["name"], picture["data"]["type"]) == ("generate_content amazon.titan-image-generator-v2:0", "media")
    assert (span["input"]["messages"][0]["content"], span["attributes"]["gen_ai.request.seed"]) == ("A cat", 1)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", "not JSON", "[1, 2]", b"{}"], ids=repr)
def test_bodies_of_no_known_shape(service: Service, captured: Any, body: Any) -> None:
    """They are sent and answered as ever; what Bedrock itself says is recorded."""
    service.says({"anything": [1]}, **COUNTS)
    answer = service.client().invoke_model(modelId="my.model", body=body)
    assert answer["body"].read() == b'{"anything": [1]}'
    (span,) = captured.spans
    assert (span["name"], span["tokens"]) == ("text_completion my.model", {"input": 7, "output": 3, "total": 10})


def test_a_body_that_is_a_file_is_left_to_botocore(service: Service, captured: Any) -> None:
    """Reading it would take it from the request."""
    import io

    service.says({"generation": "Hello"})
    service.client().invoke_model(modelId="m", body=io.BytesIO(b'{"prompt": "Hi"}'))["body"].read()
    assert service.asked[0][1] == b'{"prompt": "Hi"}'
    assert [span["output"] for span in captured.spans] == [{"text": "Hello"}]


def test_what_a_guardrail_did(service: Service, captured: Any) -> None:
    """Its action, and which one it was."""
    said = {
        "generation": "Blocked",
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "amazon-bedrock-trace": {"guardrail": {"input": {}}},
    }
    service.says(said)
    invoke(service, "m", {"prompt": "Hi"}, guardrailIdentifier="gr-1", guardrailVersion="1")
    (span,) = captured.spans
    found = [span["attributes"][name] for name in ("mutagent.response.guardrail_action", "aws.bedrock.guardrail.id")]
    assert found == ["INTERVENED", "gr-1"]
    assert span["output"] == {"text": "Blocked", "raw": {"trace": {"guardrail": {"input": {}}}}}
