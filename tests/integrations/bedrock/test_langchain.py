"""LangChain's Bedrock models: its span stands for the call, and botocore's facts are on it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.bedrock.frames import HELLO, chunk
from tests.integrations.bedrock.service import REQUEST_ID, Service
from tests.integrations.bedrock.test_converse import MODEL, SAID

langchain_aws = pytest.importorskip("langchain_aws")
# Of LangChain's own, about what its packages have not caught up with yet.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

CLAUDE = {
    "id": "m", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 5, "output_tokens": 2},
}  # fmt: skip
CLAUDE_EVENTS = [
    {"type": "message_start", "message": {**CLAUDE, "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 2}},
]


def model(service: Service, name: str) -> Any:
    """A chat model of LangChain's over a client of the service."""
    return getattr(langchain_aws, name)(
        model=MODEL, provider="anthropic", client=service.client(), region_name="us-east-1"
    )


def only(captured: Any) -> dict[str, Any]:
    """The one span, which LangChain's run and botocore's request share."""
    (span,) = captured.spans
    facts = (span["kind"], span["status"], span["provider"], span["tokens"])
    assert facts == ("llm.chat", "ok", "aws.bedrock", {"input": 5, "output": 2, "total": 7})
    attributes = span["attributes"]
    assert (attributes["mutagent.request_id"], attributes["server.address"]) == (REQUEST_ID, "127.0.0.1")
    assert span["output"]["messages"][0]["content"] == "Hello"
    return dict(span)


@pytest.mark.parametrize(("name", "said"), [("ChatBedrockConverse", SAID), ("ChatBedrock", CLAUDE)])
def test_a_whole_answer_is_one_span(service: Service, captured: Any, name: str, said: Any) -> None:
    """Through Converse and through InvokeModel."""
    service.says(said)
    assert model(service, name).invoke("Hi").content == "Hello"
    only(captured)


@pytest.mark.parametrize(
    ("name", "frames"),
    [("ChatBedrockConverse", HELLO), ("ChatBedrock", list(map(chunk, CLAUDE_EVENTS)))],
    ids=["converse", "invoke"],
)
def test_a_stream_is_one_span(service: Service, captured: Any, name: str, frames: list[bytes]) -> None:
    """Through ConverseStream and through InvokeModelWithResponseStream."""
    service.streams(*frames)
    said = [piece.content for piece in model(service, name).stream("Hi")]
    assert (
        "".join(one if isinstance(one, str) else "".join(part.get("text", "") for part in one) for one in said)
        == "Hello"
    )
    only(captured)


def test_an_error_is_one_span(service: Service, captured: Any) -> None:
    """With the service's code."""
    service.says({"message": "Slow down"}, status=429, x_amzn_errortype="ThrottlingException")
    client = service.client()
    converse = langchain_aws.ChatBedrockConverse(model=MODEL, client=client, region_name="us-east-1")
    with pytest.raises(client.exceptions.ThrottlingException):
        converse.invoke("Hi")
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["mutagent.error.code"]) == ("error", "ThrottlingException")
