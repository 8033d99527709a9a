"""The tool runner and threads: one span a turn, under whatever the program has open."""

from __future__ import annotations

import pytest

from mutagent.demo.provider import Reply, Rule, ToolCall
from mutagent.tracing import SpanOptions, start_span
from tests.integrations.anthropic.cases import MESSAGES
from tests.integrations.contract.program import every_way, run

anthropic = pytest.importorskip("anthropic")

needs_runner = pytest.mark.skipif(not hasattr(anthropic, "beta_tool"), reason="anthropic before the tool runner")
CALLS = Rule(Reply("Let me look.", tools=[ToolCall("add", {"a": 2, "b": 3})]), role="user")
ADDED = Rule(Reply("It is five."), role="tool")
HELLO = [{"role": "user", "content": "What is 2 + 3?"}]


def tool_of(way):
    decorate = anthropic.beta_async_tool if way.name == "async" else anthropic.beta_tool
    if way.name == "async":

        @decorate
        async def add(a: int, b: int) -> str:
            """Add two numbers."""
            return str(a + b)

        return add

    @decorate
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    return add


@needs_runner
@every_way
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_each_turn_of_the_tool_runner_is_one_span(way, stream, serve, captured):
    async def program(client):
        with start_span(SpanOptions(kind="agent", name="agent")):
            runner = client.beta.messages.tool_runner(
                model="model-1", max_tokens=99, messages=HELLO, tools=[tool_of(way)], stream=stream
            )
            return len(await (streamed(way, runner) if stream else way.rest(runner)))

    assert run(MESSAGES, way, serve(CALLS, ADDED), program) == 2
    (root,) = captured.children(None)
    turns = captured.children(root)
    assert [(turn["kind"], turn["output"]["messages"][0]["content"]) for turn in turns] == [
        ("llm.chat", "Let me look."),
        ("llm.chat", "It is five."),
    ]
    (call,) = turns[0]["output"]["messages"][0]["toolCalls"]
    assert (call["name"], call["arguments"]) == ("add", {"a": 2, "b": 3})
    assert turns[1]["input"]["messages"][-1] == {"role": "tool", "content": "5", "toolCallId": call["id"]}


async def streamed(way, runner):
    """The events of each turn, read to the end."""
    if way.name == "async":
        return [[event async for event in stream] async for stream in runner]
    return [list(stream) for stream in runner]


@every_way
def test_each_message_of_a_thread_is_one_span(way, serve, captured):
    async def program(client):
        if not hasattr(client.beta.messages, "thread"):
            pytest.skip(f"anthropic {anthropic.__version__} has no threads")
        thread = client.beta.messages.thread(model="model-1", max_tokens=99)
        for text in ("One.", "Two."):
            await way.wait(thread.send({"role": "user", "content": text}))

    run(MESSAGES, way, serve(), program)
    assert [span["name"] for span in captured.spans] == ["chat model-1"] * 2
