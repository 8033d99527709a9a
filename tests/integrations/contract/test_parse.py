"""``parse`` with a model class makes a request of its own: one span, and the program gets its object."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from mutagent.demo.provider import Reply, Rule, ToolCall
from tests.integrations.anthropic.cases import MESSAGES
from tests.integrations.contract.program import every_way, run
from tests.integrations.openai.cases import CHAT, RESPONSES
from tests.integrations.surfaces import attribute


class City(BaseModel):
    name: str
    people: int


OSLO = '{"name": "Oslo", "people": 700000}'
PARSERS = (
    (CHAT, ("chat.completions.parse", "beta.chat.completions.parse"), "response_format", "response_format"),
    (RESPONSES, ("responses.parse",), "text_format", "text"),
    (MESSAGES, ("messages.parse",), "output_format", "output_format"),
    (MESSAGES, ("beta.messages.parse",), "output_format", "output_format"),
)
CITY_NAME = "<class tests.integrations.contract.test_parse.City>"


def method_of(client: Any, paths: tuple[str, ...]) -> Any:
    found = [method for path in paths if (method := attribute(client, path)) is not None]
    if not found:
        pytest.skip(f"this version has no {paths[0]}")
    return found[0]


@every_way
@pytest.mark.parametrize(("surface", "paths", "argument", "recorded"), PARSERS, ids=lambda value: str(value)[:22])
def test_a_parsed_answer_is_one_span_with_its_text(surface, paths, argument, recorded, way, serve, captured):
    async def program(client):
        return await way.call(method_of(client, paths), **surface.arguments, **{argument: City})

    answer = run(surface, way, serve(Rule(Reply(OSLO))), program)
    assert "Oslo" in str(answer.model_dump(warnings=False))
    (span,) = captured.spans
    assert (span["name"], span["status"], span["output"]) == (
        "chat model-1",
        "ok",
        {"messages": [{"role": "assistant", "content": OSLO}]},
    )
    format_ = span["attributes"][f"mutagent.request.{recorded}"]
    assert format_ == ({"format": CITY_NAME} if recorded == "text" else CITY_NAME)


@every_way
def test_a_parsed_answer_that_is_cut_short_raises_and_is_recorded(way, serve, captured):
    import openai

    async def program(client):
        paths = ("chat.completions.parse", "beta.chat.completions.parse")
        return await way.call(method_of(client, paths), **CHAT.arguments, response_format=City)

    with pytest.raises(openai.LengthFinishReasonError):
        run(CHAT, way, serve(Rule(Reply('{"name": ', truncated=True))), program)
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "openai.LengthFinishReasonError")


@every_way
def test_tool_calls_stand_in_input_and_output(way, serve, captured):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    asked = [ToolCall("weather", {"city": "Oslo"}), ToolCall("weather", {"city": "Rome"})]

    async def program(client):
        arguments = {"model": "model-1", "messages": [{"role": "user", "content": "Weather?"}], "tools": [tool]}
        answer = await way.call(client.chat.completions.create, **arguments)
        message = answer.choices[0].message
        results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in message.tool_calls]
        arguments["messages"] += [message, *results]
        await way.call(client.chat.completions.create, **arguments)
        return [call.id for call in message.tool_calls]

    ids = run(CHAT, way, serve(Rule(Reply(tools=asked), role="user")), program)
    calls = [
        {"id": ids[0], "name": "weather", "arguments": {"city": "Oslo"}},
        {"id": ids[1], "name": "weather", "arguments": {"city": "Rome"}},
    ]
    first, second = captured.spans
    assert first["attributes"]["gen_ai.tool.definitions"] == [tool]
    assert first["output"] == {"messages": [{"role": "assistant", "content": None, "toolCalls": calls}]}
    assert second["input"]["messages"] == [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "toolCalls": calls},
        {"role": "tool", "content": "rain", "toolCallId": ids[0]},
        {"role": "tool", "content": "rain", "toolCallId": ids[1]},
    ]
    assert json.loads(json.dumps(captured.spans))
