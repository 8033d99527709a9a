"""What is Mistral's own: reasoning among the content, calls without ids, conversations and their runs."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import pytest

from mutagent.integrations.specs.mistral import calls, conversations
from mutagent.testing import CapturedSpans
from tests.integrations.canned import answering, streaming
from tests.integrations.mistral.cases import AT, HELLO, LIBRARY, TURN, close
from tests.integrations.ways import SYNC

pytest.importorskip("mistralai")
HEAD = {"id": "cmpl-1", "object": "chat.completion", "created": 1, "model": "model-1"}
USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
CALL = {"function": {"name": "add", "arguments": '{"a": 1}'}}


def with_client(url: str, program: Any) -> Any:
    """Run ``program(client)`` and close the client behind it."""
    client = import_module(LIBRARY).Mistral(api_key="key-of-the-test", server_url=url)
    try:
        return program(client)
    finally:
        SYNC.run(close(SYNC, client))


def choice(key: str, said: dict[str, Any], reason: str | None) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, key: said, "finish_reason": reason}]}


def test_a_completion_is_traced_whole(captured: CapturedSpans) -> None:
    answer = {**choice("message", {"role": "assistant", "content": "Hello."}, "stop"), "usage": USAGE}
    with answering(answer) as url:
        with_client(url, lambda client: client.chat.complete(model="model-1", messages=HELLO, random_seed=7))
    (span,) = captured.spans
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello."}]}
    assert span["tokens"] == {"input": 4, "output": 6, "total": 10}
    assert span["attributes"]["gen_ai.request.seed"] == 7


def test_a_call_without_an_id_has_none(captured: CapturedSpans) -> None:
    answer = choice("message", {"role": "assistant", "content": "", "tool_calls": [CALL]}, "tool_calls")
    with answering({**answer, "usage": USAGE}) as url:
        with_client(url, lambda client: client.chat.complete(model="model-1", messages=HELLO))
    (message,) = captured.spans[0]["output"]["messages"]
    assert message["toolCalls"] == [{"id": None, "name": "add", "arguments": {"a": 1}}]


def test_a_streamed_completion_is_traced_whole(captured: CapturedSpans) -> None:
    chunks = [
        choice("delta", {"role": "assistant", "content": "Hello "}, None),
        choice("delta", {"content": "there."}, None),
        {**choice("delta", {"content": ""}, "stop"), "usage": USAGE},
    ]
    with streaming(*chunks) as url:
        given = with_client(url, lambda client: list(client.chat.stream(model="model-1", messages=HELLO)))
    assert len(given) == 3
    (span,) = captured.spans
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello there."}]}
    assert span["tokens"] == {"input": 4, "output": 6, "total": 10}
    assert span["attributes"]["mutagent.stream.outcome"] == "completed"


def test_a_refused_call_has_the_providers_words(captured: CapturedSpans) -> None:
    def program(client: Any) -> None:
        with pytest.raises(Exception, match="That cannot be"):
            client.chat.complete(model="model-1", messages=HELLO)

    with answering({"message": "That cannot be.", "type": "invalid_model", "code": "1500"}, 400) as url:
        with_client(url, program)
    attributes = captured.spans[0]["attributes"]
    assert attributes["http.response.status_code"] == 400
    assert (attributes["mutagent.error.code"], attributes["mutagent.error.type"]) == ("1500", "invalid_model")


def thinks(client: Any) -> bool:
    """Whether this version knows parts of a content that are thoughts."""
    return hasattr(import_module(f"{LIBRARY}.models"), "ThinkChunk")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_thoughts_are_reasoning(streamed: bool, captured: CapturedSpans) -> None:
    if not thinks(None):
        pytest.skip("the installed mistralai knows no thoughts")
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    text = {"type": "text", "text": "Four."}
    if streamed:
        chunks = [choice("delta", {"content": [thought]}, None), choice("delta", {"content": "Four."}, "stop")]
        with streaming(*chunks) as url:
            with_client(url, lambda client: list(client.chat.stream(model="model-1", messages=HELLO)))
    else:
        answer = choice("message", {"role": "assistant", "content": [thought, text]}, "stop")
        with answering({**answer, "usage": USAGE}) as url:
            with_client(url, lambda client: client.chat.complete(model="model-1", messages=HELLO))
    (message,) = captured.spans[0]["output"]["messages"]
    assert message["content"] == [{"type": "reasoning", "text": "Hm."}, text]


def test_headers_of_a_call_are_not_recorded(captured: CapturedSpans) -> None:
    def program(client: Any) -> None:
        if "http_headers" not in type(client.chat).complete.__wrapped__.__code__.co_varnames:
            pytest.skip("the installed mistralai takes no headers")
        client.chat.complete(model="model-1", messages=HELLO, http_headers={"x-secret": "header-secret"})

    answer = {**choice("message", {"role": "assistant", "content": "Hello."}, "stop"), "usage": USAGE}
    with answering(answer) as url:
        with_client(url, program)
    assert "header-secret" not in str(captured.spans)


ENTRIES = [
    {"type": "message.input", "role": "user", "content": "Say hello."},
    {"type": "function.result", "tool_call_id": "call-1", "result": "42"},
]


def test_a_turn_with_tools_has_them_in_input_and_output(captured: CapturedSpans) -> None:
    call = {"type": "function.call", "id": "e-1", "tool_call_id": "call-2", "name": "add", "arguments": '{"a": 1}'}
    ran = {"type": "tool.execution", "id": "e-2", "name": "web_search", "arguments": "{}", "info": {"n": 2}}
    times = {"created_at": AT, "completed_at": AT}
    answer = {**TURN, "outputs": [{**ran, **times}, *TURN["outputs"], {**call, **times}]}

    def program(client: Any) -> None:
        if getattr(client, "beta", None) is None:
            pytest.skip("the installed mistralai has no conversations")
        client.beta.conversations.append(conversation_id="conv-1", inputs=ENTRIES)

    with answering(answer) as url:
        with_client(url, program)
    (span,) = captured.spans
    assert span["input"] == {"messages": [*HELLO, {"role": "tool", "content": "42", "toolCallId": "call-1"}]}
    assert span["output"]["messages"] == [
        {
            "role": "assistant",
            "content": "Hello there.",
            "toolCalls": [
                {"id": "e-2", "name": "web_search", "arguments": {}, "result": {"n": 2}},
                {"id": "call-2", "name": "add", "arguments": {"a": 1}},
            ],
        }
    ]
    assert span["attributes"]["gen_ai.conversation.id"] == "conv-1"


def test_a_run_is_an_agent_with_its_turns_beneath(captured: CapturedSpans) -> None:
    context = pytest.importorskip("mistralai.extra.run.context", exc_type=ImportError)

    async def program(client: Any) -> None:
        async with context.RunContext(model="model-1") as run:
            await client.beta.conversations.run_async(run_ctx=run, inputs="Say hello.")
        await client.sdk_configuration.async_client.aclose()

    with answering(TURN) as url:
        with_client(url, lambda client: asyncio.run(program(client)))
    turn, run = captured.spans
    assert (run["kind"], run["name"]) == ("agent", "invoke_agent model-1")
    assert (turn["kind"], turn["parentSpanId"]) == ("llm.chat", run["spanId"])
    assert run["output"] == turn["output"]
    assert "tokens" not in run


def test_who_answers_is_told_by_the_base_url() -> None:
    given = {"model": "model-1", "messages": HELLO, "server_url": "https://openrouter.ai/api"}
    assert calls.chat_request(given, None, provider="mistral_ai", streamed=False).provider == "openrouter"


def test_a_run_goes_by_its_agents_name() -> None:
    given = {"run_ctx": {"agent_id": "agent-1"}, "inputs": "Say hello.", "server_url": "https://api.mistral.ai"}
    found = conversations.request(given, None)
    assert (found.name, found.attributes["gen_ai.agent.id"]) == ("invoke_agent agent-1", "agent-1")


def test_a_turn_that_fails_without_a_code_has_none() -> None:
    events = conversations.TurnEvents()
    events.feed({"data": {"type": "conversation.response.error", "message": "Overloaded."}})
    found = events.response()
    assert (found.error, "mutagent.error.code" in found.attributes) == ("Overloaded.", False)
