"""Converse and ConverseStream through boto3."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from tests.integrations.bedrock.frames import HELLO, event, exception
from tests.integrations.bedrock.service import REQUEST_ID, Service, knows
from tests.integrations.spans import normal, without

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ASKED: dict[str, Any] = {
    "modelId": MODEL,
    "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
    "system": [{"text": "Be brief."}],
    "inferenceConfig": {"maxTokens": 64, "temperature": 0.5, "topP": 0.9, "stopSequences": ["|"]},
    "additionalModelRequestFields": {"top_k": 5},
}
SAID = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
    "metrics": {"latencyMs": 1},
}
WHOLE = {
    "name": f"chat {MODEL}",
    "kind": "llm.chat",
    "status": "ok",
    "model": MODEL,
    "provider": "aws.bedrock",
    "input": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
    "output": {"messages": [{"role": "assistant", "content": "Hello"}]},
    "tokens": {"input": 5, "output": 2, "total": 7},
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": MODEL,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.top_k": 5,
        "gen_ai.request.stop_sequences": ["|"],
        "gen_ai.system_instructions": "Be brief.",
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 2,
        "mutagent.usage.raw": SAID["usage"],
        "mutagent.request_id": REQUEST_ID,
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    },
}


def seen(captured: Any) -> list[dict[str, Any]]:
    """The spans, without what depends on a price table."""
    return [without(normal(span), "costUsd") for span in captured.spans]


def test_a_whole_answer(service: Service, captured: Any) -> None:
    """Everything that was asked and said, and the program's own answer untouched."""
    answer = service.says(SAID).client().converse(**ASKED)
    assert {name: answer[name] for name in SAID} == SAID
    assert seen(captured) == [WHOLE]


def test_cached_tokens_are_part_of_the_input(service: Service, captured: Any) -> None:
    """Bedrock counts them apart."""
    client = service.client()
    if not knows(client, "TokenUsage", "cacheReadInputTokens"):
        pytest.skip("this botocore knows of no cached tokens")
    counts = {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 4, "cacheWriteInputTokens": 6}
    service.says({**SAID, "usage": {**counts, "totalTokens": 17}})
    client.converse(
        modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Hi"}, {"cachePoint": {"type": "default"}}]}]
    )
    (span,) = captured.spans
    assert (span["tokens"], span["input"]["messages"][0]["content"]) == ({"input": 15, "output": 2, "total": 17}, "Hi")
    parts = [span["attributes"][f"gen_ai.usage.cache_{part}.input_tokens"] for part in ("read", "creation")]
    assert parts == [4, 6]


def test_a_stream_keeps_its_type_and_its_ways(service: Service, captured: Any) -> None:
    """The event stream is the very class, and gives its events."""
    from botocore.eventstream import EventStream

    stream = service.streams(*HELLO).client().converse_stream(**ASKED)["stream"]
    assert type(stream) is EventStream
    events = list(stream)
    assert [next(iter(one)) for one in events] == [
        "messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
    ]  # fmt: skip
    assert list(stream) == []
    (span,) = seen(captured)
    assert span["attributes"]["mutagent.stream.outcome"] == "completed"
    assert span["attributes"]["gen_ai.response.time_to_first_chunk"] == "<seconds>"
    assert (span["output"], span["tokens"]) == (WHOLE["output"], WHOLE["tokens"])
    assert span["attributes"]["mutagent.request_id"] == REQUEST_ID


def test_a_stream_that_is_read_in_two_goes(service: Service, captured: Any) -> None:
    """botocore makes a new generator each time, that goes on where the last one stopped."""
    stream = service.streams(*HELLO).client().converse_stream(**ASKED)["stream"]
    for first in stream:
        assert "messageStart" in first
        break
    assert len(list(stream)) == len(HELLO) - 1
    assert [(span["output"], span["attributes"]["mutagent.stream.outcome"]) for span in captured.spans] == [
        (WHOLE["output"], "completed")
    ]


# Of the connection that a program forgets with its stream.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("leave", ["close", "forget"])
def test_a_stream_that_is_left(service: Service, captured: Any, leave: str) -> None:
    """What had come by then is recorded."""
    answer = service.streams(*HELLO).client().converse_stream(**ASKED)
    for one in answer["stream"]:
        if "contentBlockDelta" in one:
            break
    assert captured.spans == []
    if leave == "close":
        answer["stream"].close()
    del answer
    gc.collect()
    (span,) = captured.spans
    outcome = span["attributes"]["mutagent.stream.outcome"]
    assert (outcome, span["status"]) == ("closed" if leave == "close" else "abandoned", "ok")
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hel"}]}


def test_an_exception_in_the_midst_of_a_stream(service: Service, captured: Any) -> None:
    """botocore's own error reaches the program, and the span has its code."""
    from botocore.exceptions import EventStreamError

    service.streams(*HELLO[:2], exception("throttlingException", "Too many tokens"))
    stream = service.client().converse_stream(**ASKED)["stream"]
    with pytest.raises(EventStreamError, match="Too many tokens"):
        list(stream)
    stream.close()
    (span,) = captured.spans
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hel"}]}
    assert (span["status"], span["attributes"]["mutagent.stream.outcome"]) == ("error", "failed")
    assert span["attributes"]["mutagent.error.code"] == "throttlingException"
    assert span["attributes"]["error.type"] == "botocore.exceptions.EventStreamError"


def test_a_connection_that_breaks_in_mid_stream(service: Service, captured: Any) -> None:
    """The program gets urllib3's error, the span what came before it."""
    from urllib3.exceptions import ProtocolError

    stream = service.streams(*HELLO[:2], None).client().converse_stream(**ASKED)["stream"]
    with pytest.raises(ProtocolError, match="Response ended prematurely"):
        list(stream)
    (span,) = captured.spans
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hel"}]}
    assert (span["status"], span["attributes"]["mutagent.stream.outcome"]) == ("error", "failed")


def test_tools_asked_for_in_a_stream(service: Service, captured: Any) -> None:
    """A call's arguments come in pieces; what a model thinks stands beside."""
    tool = {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}
    client = service.client()
    thinks = knows(client, "ContentBlockDelta", "reasoningContent")
    service.streams(
        event("messageStart", {"role": "assistant"}),
        event("contentBlockDelta", {"delta": {"reasoningContent": {"text": "Let me see."}}, "contentBlockIndex": 0}),
        event("contentBlockDelta", {"delta": {"reasoningContent": {"signature": "x"}}, "contentBlockIndex": 0}),
        event(
            "contentBlockStart", {"start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}, "contentBlockIndex": 1}
        ),
        event("contentBlockDelta", {"delta": {"toolUse": {"input": '{"city":'}}, "contentBlockIndex": 1}),
        event("contentBlockDelta", {"delta": {"toolUse": {"input": ' "Bern"}'}}, "contentBlockIndex": 1}),
        event("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t2", "name": "now"}}, "contentBlockIndex": 2}),
        event("messageStop", {"stopReason": "tool_use"}),
    )
    list(client.converse_stream(**ASKED, toolConfig={"tools": [tool]})["stream"])
    (span,) = captured.spans
    assert span["attributes"]["gen_ai.tool.definitions"] == [tool]
    assert span["output"]["messages"] == [
        {
            "role": "assistant",
            "content": [{"type": "reasoning", "text": "Let me see."}] if thinks else None,
            "toolCalls": [
                {"id": "t1", "name": "weather", "arguments": {"city": "Bern"}},
                {"id": "t2", "name": "now", "arguments": {}},
            ],
        }
    ]


def test_what_a_conversation_may_hold(service: Service, captured: Any) -> None:
    """Tool results are messages of their own; pictures are placeholders."""
    messages = [
        {
            "role": "user",
            "content": [{"text": "See"}, {"image": {"format": "png", "source": {"bytes": b"\x89PNG" * 300}}}],
        },
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}}]},
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "no"}], "status": "error"}}],
        },
    ]
    service.says(SAID).client().converse(modelId=MODEL, messages=messages)
    (span,) = captured.spans
    seen, called, result = span["input"]["messages"]
    assert seen["content"][0] == {"type": "text", "text": "See"}
    picture = seen["content"][1]
    assert (picture["type"], picture["format"], picture["source"]["bytes"]["size"]) == ("image", "png", 1200)
    assert called["toolCalls"] == [{"id": "t1", "name": "f", "arguments": {"a": 1}}]
    assert result == {"role": "tool", "content": "no", "toolCallId": "t1", "isError": True}


def test_an_error_answer(service: Service, captured: Any) -> None:
    """Status, code and request id; the exception is botocore's."""
    client = service.says(
        {"message": "Slow down"}, status=429, x_amzn_errortype="ThrottlingException:http://internal/"
    ).client()
    with pytest.raises(client.exceptions.ThrottlingException, match="Slow down"):
        client.converse(**ASKED)
    (span,) = captured.spans
    found = {name: span["attributes"].get(name) for name in (
        "error.type", "http.response.status_code", "mutagent.error.code", "mutagent.request_id")}  # fmt: skip
    assert (span["status"], found) == ("error", {
        "error.type": "botocore.errorfactory.ThrottlingException", "http.response.status_code": 429,
        "mutagent.error.code": "ThrottlingException", "mutagent.request_id": REQUEST_ID})  # fmt: skip


def test_the_client_s_retries_are_one_span(service: Service, captured: Any) -> None:
    """Two failures and an answer: one request of the program."""
    service.says({}, status=503).says({}, status=503).says(SAID)
    service.client(retries={"total_max_attempts": 3}).converse(**ASKED)
    assert (len(service.asked), seen(captured)) == (3, [WHOLE])


def test_other_services_and_calls_are_not_traced(service: Service, captured: Any) -> None:
    """They go through the same method."""
    service.says({}).client("dynamodb").list_tables()
    service.client("bedrock").list_foundation_models()
    assert captured.spans == []


def test_parameters_that_are_no_dict_fail_as_they_did(service: Service, captured: Any) -> None:
    """botocore's own check of parameters speaks, and the span says so."""
    from botocore.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        service.client().converse(modelId=3, messages="Hi")
    (span,) = captured.spans
    raised = span["attributes"]["error.type"]
    assert (span["status"], raised) == ("error", "botocore.exceptions.ParamValidationError")
