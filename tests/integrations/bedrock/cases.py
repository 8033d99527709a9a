"""Bedrock's surfaces, through boto3 and through aiobotocore, what the service answers, and the spans that must be."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from tests.integrations.bedrock.frames import event, exception
from tests.integrations.canned import Answer, Answers, json_answer
from tests.integrations.spans import with_attributes, without
from tests.integrations.surfaces import KEY, Refusal, Surface
from tests.integrations.ways import ASYNC, SYNC, Way

ASKED: dict[str, Any] = {
    "modelId": "model-1",
    "messages": [{"role": "user", "content": [{"text": "Say hello."}]}],
    "inferenceConfig": {"temperature": 0.5},
}
USAGE = {"inputTokens": 4, "outputTokens": 6, "totalTokens": 10}
SAID = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello there."}]}},
    "stopReason": "end_turn",
    "usage": USAGE,
    "metrics": {"latencyMs": 1},
}
FRAMES = (
    event("messageStart", {"role": "assistant"}),
    event("contentBlockDelta", {"delta": {"text": "Hello "}, "contentBlockIndex": 0}),
    event("contentBlockDelta", {"delta": {"text": "there."}, "contentBlockIndex": 0}),
    event("messageStop", {"stopReason": "end_turn"}),
    event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}}),
)
HIT = {"content": {"text": "Hello there."}, "location": {"type": "S3"}, "score": 0.5}
IDS = {"x_amzn_requestid": "req_1"}
REFUSED = json_answer({"message": "That cannot be."}, 400, x_amzn_errortype="ValidationException:http://x/", **IDS)
CHAT_SPAN: dict[str, Any] = {
    "name": "chat model-1",
    "kind": "llm.chat",
    "status": "ok",
    "model": "model-1",
    "provider": "aws.bedrock",
    "input": {"messages": [{"role": "user", "content": "Say hello."}]},
    "output": {"messages": [{"role": "assistant", "content": "Hello there."}]},
    "tokens": {"input": 4, "output": 6, "total": 10},
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "model-1",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 6,
        "mutagent.request_id": "req_1",
        "mutagent.usage.raw": USAGE,
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    },
}
STREAM_SPAN = with_attributes(
    CHAT_SPAN,
    gen_ai__request__stream=True,
    gen_ai__response__time_to_first_chunk="<seconds>",
    mutagent__stream__outcome="completed",
)
# Two events: the role, and the first word. The usage would have come with the last.
LEFT_SPAN = without(
    {**STREAM_SPAN, "output": {"messages": [{"role": "assistant", "content": "Hello "}]}},
    "tokens",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "mutagent.usage.raw",
)
RETRIEVE_SPAN: dict[str, Any] = {
    "name": "retrieval KB12345678",
    "kind": "retrieval",
    "status": "ok",
    "provider": "aws.bedrock",
    "input": {"text": "Hello?"},
    "output": {"documents": [{"content": "Hello there.", "metadata": {"location": {"type": "S3"}}, "score": 0.5}]},
    "attributes": {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.data_source.id": "KB12345678",
        "gen_ai.retrieval.query.text": "Hello?",
        "aws.bedrock.knowledge_base.id": "KB12345678",
        "mutagent.request_id": "req_1",
        "mutagent.retrieval.hits": 1,
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    },
}
KEYS = {"region_name": "us-east-1", "aws_access_key_id": KEY, "aws_secret_access_key": KEY}
# Sessions keep the services' descriptions, which take long to read.
_sessions: dict[str, Any] = {}


def _made(creating: Coroutine[Any, Any, Any]) -> Any:
    """The client that a coroutine makes: it waits for nothing."""
    try:
        creating.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("making a client waits for nothing")


def client_of(service: str) -> Any:
    """Makes boto3's clients of a service, and aiobotocore's."""

    def client(way: Way, url: str, options: dict[str, Any]) -> Any:
        from botocore.config import Config

        attempts = {"total_max_attempts": options.get("attempts", 1)}
        given = {"endpoint_url": url, "config": Config(retries=attempts), **KEYS}
        if way is SYNC:
            import boto3

            session = _sessions.setdefault("boto3", boto3.session.Session())
            return session.client(service, **given)
        from aiobotocore.session import get_session

        session = _sessions.setdefault("aiobotocore", get_session())
        return _made(session.create_client(service, **given).__aenter__())

    return client


def plain(value: Any) -> Any:
    """An answer without what differs from one to the next: its date, its port, the stream's address."""
    return {name: held for name, held in value.items() if name not in ("ResponseMetadata", "stream")}


def _both(service: str, **surface: Any) -> tuple[Surface, Surface]:
    common: dict[str, Any] = {
        "integration": "bedrock",
        "client": client_of(service),
        "refusal": Refusal(
            "botocore.errorfactory.ValidationException",
            {
                "http.response.status_code": 400,
                "mutagent.error.code": "ValidationException",
                "mutagent.request_id": "req_1",
            },
        ),
        "retrying": {"attempts": 3},
        "broken": (
            "botocore.exceptions.ConnectionClosedError",
            "botocore.exceptions.EndpointConnectionError",
            "botocore.exceptions.HTTPClientError",
        ),
        "plain": plain,
        **surface,
    }
    sync = {"library": "boto3", "stands": ("botocore.client:BaseClient._make_api_call",), "ways": (SYNC,)}
    later = {"library": "aiobotocore", "stands": ("aiobotocore.client:AioBaseClient._make_api_call",), "ways": (ASYNC,)}
    return Surface(**common, **sync), Surface(**common, **later)


SURFACES = (
    *_both(
        "bedrock-runtime",
        name="converse",
        method="converse",
        arguments=ASKED,
        serve=Answers(refused=REFUSED, whole=json_answer(SAID, **IDS)),
        whole=CHAT_SPAN,
    ),
    *_both(
        "bedrock-runtime",
        name="converse_stream",
        method="converse_stream",
        arguments=ASKED,
        serve=Answers(
            refused=REFUSED,
            stream=Answer(FRAMES, "application/vnd.amazon.eventstream", headers={"x-amzn-requestid": "req_1"}),
            failed=exception("throttlingException", "Overloaded"),
        ),
        streamed=STREAM_SPAN,
        left=LEFT_SPAN,
        stream_in=lambda answer: answer["stream"],
        inapplicable={
            "test_a_stream_whose_block_is_left_early_keeps_what_had_arrived": "an event stream is no context manager",
        },
    ),
    *_both(
        "bedrock-agent-runtime",
        name="retrieve",
        method="retrieve",
        arguments={"knowledgeBaseId": "KB12345678", "retrievalQuery": {"text": "Hello?"}},
        serve=Answers(refused=REFUSED, whole=json_answer({"retrievalResults": [HIT]}, **IDS)),
        whole=RETRIEVE_SPAN,
        of_answer=("mutagent.retrieval.hits",),
    ),
)
