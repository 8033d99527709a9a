"""Mistral's surfaces, what its API answers, and the spans that they must give."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tests.integrations.canned import Answer, Answers, events, json_answer
from tests.integrations.spans import span_of, streamed, with_attributes, without
from tests.integrations.surfaces import KEY, Refusal, Surface
from tests.integrations.ways import SYNC, Way

HELLO = [{"role": "user", "content": "Say hello."}]
USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
HEAD = {"id": "cmpl-1", "object": "chat.completion", "created": 1, "model": "model-1"}


def _major() -> int:
    try:
        return int(version("mistralai").partition(".")[0])
    except PackageNotFoundError:
        return 0


# A namespace package with the client in it from 2.0 on.
LIBRARY = "mistralai" if _major() == 1 else "mistralai.client"
ERROR = "mistralai.models.sdkerror.SDKError" if _major() == 1 else "mistralai.client.errors.sdkerror.SDKError"


def client(way: Way, url: str, options: dict[str, Any]) -> Any:
    """A client; the option ``tries`` has it retry for a while."""
    given = dict(options)
    if given.pop("tries", False):
        utils = import_module(f"{LIBRARY}.utils")
        given["retry_config"] = utils.RetryConfig("backoff", utils.BackoffStrategy(1, 10, 1.5, 5_000), False)
    return import_module(LIBRARY).Mistral(**{"api_key": KEY, "server_url": url, **given})


async def close(way: Way, made: Any) -> None:
    """The first releases have no method for it."""
    configuration = made.sdk_configuration
    if way is SYNC:
        configuration.client.close()
    else:
        await configuration.async_client.aclose()


def _choice(key: str, content: str | None, reason: str | None) -> dict[str, Any]:
    said = {"role": "assistant", "content": content} if content is not None else {"content": ""}
    return {"choices": [{"index": 0, key: said, "finish_reason": reason}]}


def _chunk(content: str | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {**HEAD, "object": "chat.completion.chunk", **_choice("delta", content, reason), **more}


COMPLETION = {**HEAD, **_choice("message", "Hello there.", "stop"), "usage": USAGE}
CHUNKS = (_chunk("Hello "), _chunk("there."), _chunk(None, "stop", usage=USAGE))
VECTORS = {
    "id": "emb-1",
    "object": "list",
    "model": "model-1",
    "data": [{"object": "embedding", "index": index, "embedding": [0.5, 0.25]} for index in range(2)],
    "usage": {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2},
}
AT = "2026-01-01T00:00:00Z"
TURN = {
    "object": "conversation.response",
    "conversation_id": "conv-1",
    "outputs": [
        {
            "object": "entry",
            "type": "message.output",
            "id": "msg-1",
            "model": "model-1",
            "role": "assistant",
            "content": "Hello there.",
            "created_at": AT,
            "completed_at": AT,
        }
    ],
    "usage": USAGE,
}


def _piece(text: str) -> dict[str, Any]:
    return {"type": "message.output.delta", "id": "msg-1", "content": text, "model": "model-1", "created_at": AT}


TURN_EVENTS = (
    {"type": "conversation.response.started", "conversation_id": "conv-1", "created_at": AT},
    _piece("Hello "),
    _piece("there."),
    {"type": "conversation.response.done", "usage": USAGE, "created_at": AT},
)
REFUSED = json_answer(
    {"object": "error", "message": "That cannot be.", "type": "invalid_model", "code": "1500"},
    400,
    mistral_correlation_id="req_1",
)
_span = partial(span_of, "mistral_ai")
COUNTED = {
    "gen_ai.usage.input_tokens": 4,
    "gen_ai.usage.output_tokens": 6,
    "mutagent.usage.raw": USAGE,
}
ANSWERED = {"gen_ai.response.id": "cmpl-1", "gen_ai.response.finish_reasons": ["stop"], **COUNTED}
TOKENS = {"input": 4, "output": 6, "total": 10}
SAID = {"messages": [{"role": "assistant", "content": "Hello there."}]}
CHAT_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": HELLO},
    output=SAID,
    tokens=TOKENS,
    attributes={"gen_ai.request.temperature": 0.5, "gen_ai.request.seed": 7, **ANSWERED},
)


def _left(span: dict[str, Any], text: str) -> dict[str, Any]:
    """After two pieces; the usage comes with the last."""
    output = {"messages": [{"role": "assistant", "content": text}]}
    return without({**span, "output": output}, "tokens", "gen_ai.response.finish_reasons", *COUNTED)


def _without_model(span: dict[str, Any]) -> dict[str, Any]:
    """Of an agent's answer: which model, the agent knows."""
    return {**without(span, "gen_ai.request.model"), "name": "chat"}


STREAM_SPAN = streamed(CHAT_SPAN)
AGENT_SPAN = _without_model(
    with_attributes(without(CHAT_SPAN, "gen_ai.request.temperature"), gen_ai__agent__id="agent-1")
)
FIM_SPAN = _span(
    "text_completion",
    "llm.completion",
    input={"raw": {"prompt": "def hello(", "suffix": "return 1"}},
    output=SAID,
    tokens=TOKENS,
    attributes=ANSWERED,
)
EMBEDDINGS_SPAN = _span(
    "embeddings",
    "llm.embedding",
    input={"raw": ["one", "two"]},
    output={"raw": {"embeddings": 2, "dimensions": 2}},
    tokens={"input": 2, "output": 0, "total": 2},
    attributes={
        "gen_ai.usage.input_tokens": 2,
        "gen_ai.usage.output_tokens": 0,
        "mutagent.usage.raw": {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2},
    },
)
TURN_SPAN = _span(
    "chat",
    "llm.chat",
    input={"messages": [{"role": "system", "content": "Be kind."}, *HELLO]},
    output=SAID,
    tokens=TOKENS,
    attributes={
        "gen_ai.request.temperature": 0.5,
        "gen_ai.system_instructions": "Be kind.",
        "gen_ai.conversation.id": "conv-1",
        **COUNTED,
    },
)
TURN_STREAM_SPAN = streamed(TURN_SPAN)
ASKED = {"model": "model-1", "messages": HELLO, "random_seed": 7}
CHAT_ASKED = {**ASKED, "temperature": 0.5}
FIM_ASKED = {"model": "model-1", "prompt": "def hello(", "suffix": "return 1"}
TURN_ASKED = {
    "model": "model-1",
    "inputs": "Say hello.",
    "instructions": "Be kind.",
    "completion_args": {"temperature": 0.5},
}
# The first release's streams are plain generators.
NO_BLOCK = {"test_a_stream_whose_block_is_left_early_keeps_what_had_arrived": "a generator is no context manager"}
FIRST = _major() == 1 and version("mistralai").startswith("1.0.")


def _surface(
    name: str, stands: str, method: str, arguments: dict[str, Any], whole: dict[str, Any] | None, **more: Any
) -> Surface:
    module, _, path = stands.partition(":")
    answer: Answer = more.pop("answer")
    return Surface(
        integration="mistral",
        name=name,
        library="mistralai",
        client=client,
        close=close,
        method=method,
        stands=(f"mistralai.client.{module}:{path}", f"mistralai.{module}:{path}"),
        arguments=arguments,
        serve=Answers(
            refused=REFUSED, whole=answer if whole is not None else None, stream=answer if whole is None else None
        ),
        refusal=Refusal(
            ERROR,
            {
                "http.response.status_code": 400,
                "mutagent.error.code": "1500",
                "mutagent.error.type": "invalid_model",
                "mutagent.request_id": "req_1",
            },
        ),
        broken=("httpx2.RemoteProtocolError", "httpx.RemoteProtocolError"),
        whole=whole,
        retrying={"tries": True},
        secrets={"timeout_ms": 5_000},
        inapplicable=NO_BLOCK if FIRST else {},
        **more,
    )


COMPLETE = json_answer(COMPLETION)
CHUNKED = events(*CHUNKS)
SURFACES = (
    _surface("chat", "chat:Chat.complete{_async}", "chat.complete{_async}", CHAT_ASKED, CHAT_SPAN, answer=COMPLETE),
    _surface(
        "chat stream",
        "chat:Chat.stream{_async}",
        "chat.stream{_async}",
        CHAT_ASKED,
        None,
        answer=CHUNKED,
        streamed=STREAM_SPAN,
        left=_left(STREAM_SPAN, "Hello there."),
    ),
    _surface(
        "agent",
        "agents:Agents.complete{_async}",
        "agents.complete{_async}",
        {"agent_id": "agent-1", "messages": HELLO, "random_seed": 7},
        AGENT_SPAN,
        answer=COMPLETE,
    ),
    _surface(
        "fill in the middle",
        "fim:Fim.complete{_async}",
        "fim.complete{_async}",
        FIM_ASKED,
        FIM_SPAN,
        answer=COMPLETE,
    ),
    _surface(
        "fill in the middle, streamed",
        "fim:Fim.stream{_async}",
        "fim.stream{_async}",
        FIM_ASKED,
        None,
        answer=CHUNKED,
        streamed=streamed(FIM_SPAN),
        left=_left(streamed(FIM_SPAN), "Hello there."),
    ),
    _surface(
        "embeddings",
        "embeddings:Embeddings.create{_async}",
        "embeddings.create{_async}",
        {"model": "model-1", "inputs": ["one", "two"]},
        EMBEDDINGS_SPAN,
        answer=json_answer(VECTORS),
    ),
    _surface(
        "conversation",
        "conversations:Conversations.start{_async}",
        "beta.conversations.start{_async}",
        TURN_ASKED,
        TURN_SPAN,
        answer=json_answer(TURN),
        of_answer=("gen_ai.conversation.id",),
    ),
    _surface(
        "conversation, streamed",
        "conversations:Conversations.start_stream{_async}",
        "beta.conversations.start_stream{_async}",
        TURN_ASKED,
        None,
        answer=events(*TURN_EVENTS, named=True, done=False),
        streamed=TURN_STREAM_SPAN,
        left=without(
            {**TURN_STREAM_SPAN, "output": {"messages": [{"role": "assistant", "content": "Hello "}]}},
            "tokens",
            *COUNTED,
        ),
        of_answer=("gen_ai.conversation.id",),
    ),
)
