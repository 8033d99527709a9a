"""Bedrock's surfaces: one method of botocore through which all of them go."""

from __future__ import annotations

from typing import Any

from tests.integrations.bedrock.frames import HELLO, exception
from tests.integrations.canned import Answer, Answers, json_answer
from tests.integrations.spans import span_of, streamed, without
from tests.integrations.surfaces import KEY, Refusal, Surface
from tests.integrations.ways import SYNC

REQUEST_ID = "11111111-2222-3333-4444-555555555555"
USAGE = {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}
SAID = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": USAGE,
    "metrics": {"latencyMs": 1},
}
WHOLE = without(
    span_of(
        "aws.bedrock",
        "chat",
        "llm.chat",
        input={
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello, please."}]
        },
        output={"messages": [{"role": "assistant", "content": "Hello"}]},
        tokens={"input": 5, "output": 2, "total": 7},
        attributes={
            "gen_ai.request.temperature": 0.5,
            "gen_ai.system_instructions": "Be brief.",
            "gen_ai.response.finish_reasons": ["end_turn"],
            "gen_ai.usage.input_tokens": 5,
            "gen_ai.usage.output_tokens": 2,
            "mutagent.usage.raw": USAGE,
            "mutagent.request_id": REQUEST_ID,
        },
    ),
    "gen_ai.response.model",
)
STREAMED = streamed(WHOLE)
# The role, and the first syllable.
LEFT = without(
    {**STREAMED, "output": {"messages": [{"role": "assistant", "content": "Hel"}]}},
    "tokens",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "mutagent.usage.raw",
)


def client(way: Any, url: str, options: dict[str, Any]) -> Any:
    """A boto3 client; of its session there is one, as it reads long in the services' descriptions."""
    from botocore.config import Config

    from tests.integrations.bedrock.service import SESSION

    config = Config(**{"retries": {"max_attempts": 0}, **options})
    keys = {"aws_access_key_id": "id-of-the-test", "aws_secret_access_key": KEY, "region_name": "us-east-1"}
    return SESSION.client("bedrock-runtime", endpoint_url=url, config=config, **keys)


def without_metadata(answer: Any) -> Any:
    """An answer without what was said of the HTTP response, its date for one."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


REFUSED = json_answer(
    {"message": "That cannot be."}, 400, x_amzn_errortype="ValidationException", x_amzn_requestid=REQUEST_ID
)
COMMON: dict[str, Any] = {
    "integration": "bedrock",
    "library": "boto3",
    "client": client,
    "stands": ("botocore.client:BaseClient._make_api_call",),
    "arguments": {
        "modelId": "model-1",
        "messages": [{"role": "user", "content": [{"text": "Say hello, please."}]}],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"temperature": 0.5},
    },
    "refusal": Refusal(
        "botocore.errorfactory.ValidationException",
        {
            "http.response.status_code": 400,
            "mutagent.error.code": "ValidationException",
            "mutagent.request_id": REQUEST_ID,
        },
    ),
    "broken": ("botocore.exceptions.ConnectionClosedError",),
    "ways": (SYNC,),  # aiobotocore has tests of its own
    "plain": without_metadata,
}
CONVERSE = Surface(
    name="converse",
    method="converse",
    serve=Answers(refused=REFUSED, whole=json_answer(SAID, x_amzn_requestid=REQUEST_ID)),
    whole=WHOLE,
    retrying={"retries": {"max_attempts": 2}},
    **COMMON,
)
CONVERSE_STREAM = Surface(
    name="converse stream",
    method="converse_stream",
    serve=Answers(
        refused=REFUSED,
        stream=Answer(tuple(HELLO), "application/vnd.amazon.eventstream", headers={"x-amzn-requestid": REQUEST_ID}),
        failed=exception("throttlingException", "Overloaded"),
    ),
    streamed=STREAMED,
    left=LEFT,
    stream_in=lambda answer: answer["stream"],
    inapplicable={
        "test_a_stream_whose_block_is_left_early_keeps_what_had_arrived": "an EventStream is no context manager",
    },
    **COMMON,
)
SURFACES = (CONVERSE, CONVERSE_STREAM)
