"""The Interactions API, in the two forms that it has had."""

from __future__ import annotations

import pytest

from tests.integrations.google.gemini import answering, at_least, every_way, quiet, run

pytest.importorskip("google.genai")

pytestmark = [
    *quiet,
    # The client says that this part of it is an experiment, and Python what aiohttp leaves open.
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not at_least(1, 55), reason="this client has no interactions"),
]
HAS_STEPS = at_least(2, 10)
has_steps = pytest.mark.skipif(not HAS_STEPS, reason="this client knows of blocks, not of steps")
USAGE = {
    "total_input_tokens": 7,
    "total_output_tokens": 6,
    "total_thought_tokens": 5,
    "total_cached_tokens": 4,
    "total_tokens": 18,
}
TEXT = {"type": "text", "text": "Hello there."}
THOUGHT = {"type": "thought", "summary": [{"type": "text", "text": "Hm."}], "signature": "c2ln"}
CALL = {"type": "function_call", "id": "call-1", "name": "weather", "arguments": {"city": "Paris"}}


def interaction(*items, **more):
    """An answer: steps, or the blocks that came before there were steps."""
    said = {"steps": [{"type": "model_output", "content": [item]} if item is TEXT else item for item in items]}
    return {
        "id": "interaction-1", "object": "interaction", "status": "completed", "model": "gemini-1",
        "created": "2026-05-13T19:57:43Z", "updated": "2026-05-13T19:57:43Z",
        **(said if HAS_STEPS else {"outputs": list(items)}), **more,
    }  # fmt: skip


def span_of(way, captured, answer, **arguments):
    """The one span of one call."""

    async def program(client):
        found = await way.call(client.interactions.create, **arguments)
        return await way.rest(found) if arguments.get("stream") else found

    with answering(answer) as server:
        run(way, server, program)
    (span,) = captured.spans
    return span


@every_way
def test_an_interaction_is_one_span(way, captured):
    span = span_of(
        way, captured, interaction(THOUGHT, TEXT, CALL, usage=USAGE, service_tier="standard"),
        model="gemini-1", input="Say hello.", system_instruction="Be kind.",
        generation_config={"temperature": 0.5, "max_output_tokens": 9}, previous_interaction_id="interaction-0",
    )  # fmt: skip
    attributes = span["attributes"]
    assert (span["name"], span["kind"], span["status"]) == ("chat gemini-1", "llm.chat", "ok")
    assert (span["model"], span["provider"]) == ("gemini-1", "gcp.gemini")
    assert span["input"]["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Say hello."},
    ]
    assert span["output"]["messages"] == [
        {
            "role": "assistant",
            "content": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Hello there."}],
            "toolCalls": [{"id": "call-1", "name": "weather", "arguments": {"city": "Paris"}}],
        }
    ]
    assert span["tokens"] == {"input": 7, "output": 11, "total": 18}
    wanted = {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.response.id": "interaction-1",
        "gen_ai.response.finish_reasons": ["completed"],
        "mutagent.request.previous_interaction_id": "interaction-0",
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "server.address": "127.0.0.1",
    }
    assert {name: attributes.get(name) for name in wanted} == wanted


@every_way
def test_a_hosted_agent_is_an_agent(way, captured):
    answer = {**interaction(), "status": "in_progress", "agent": "researcher-1", "model": None}
    span = span_of(way, captured, answer, agent="researcher-1", input="Look it up.", background=True)
    assert (span["name"], span["kind"]) == ("invoke_agent researcher-1", "agent")
    assert span["attributes"]["gen_ai.operation.name"] == "invoke_agent"
    assert span["attributes"]["gen_ai.agent.name"] == "researcher-1"
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["in_progress"]
    assert span["attributes"]["mutagent.request.background"] is True


@has_steps
@every_way
def test_what_was_said_before(way, captured):
    said = [
        {"type": "user_input", "content": [{"type": "text", "text": "Weather?"}]},
        CALL,
        {"type": "function_result", "call_id": "call-1", "name": "weather", "result": "sunny"},
    ]
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object"}}]
    span = span_of(way, captured, interaction(TEXT), model="gemini-1", input=said, tools=tools)
    user, call = span["input"]["messages"]
    assert user == {"role": "user", "content": "Weather?"}
    assert call["role"] == "assistant"
    assert call["toolCalls"] == [{"id": "call-1", "name": "weather", "arguments": {"city": "Paris"}, "result": "sunny"}]
    assert span["attributes"]["gen_ai.tool.definitions"] == tools


EVENTS = [
    {"event_type": "interaction.created", "interaction": {"id": "interaction-1", "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "thought"}},
    {"event_type": "step.delta", "index": 0,
     "delta": {"type": "thought_summary", "content": {"type": "text", "text": "Hm."}}},
    {"event_type": "step.stop", "index": 0},
    {"event_type": "step.start", "index": 1, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "Hello "}},
    {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "there."}},
    {"event_type": "step.stop", "index": 1},
    {"event_type": "step.start", "index": 2,
     "step": {"type": "function_call", "id": "call-1", "name": "weather", "arguments": {}}},
    {"event_type": "step.delta", "index": 2, "delta": {"type": "arguments_delta", "arguments": '{"city": '}},
    {"event_type": "step.delta", "index": 2, "delta": {"type": "arguments_delta", "arguments": '"Paris"}'}},
    {"event_type": "step.stop", "index": 2},
    {"event_type": "interaction.completed", "interaction": {
        "id": "interaction-1", "status": "requires_action", "model": "gemini-1", "usage": USAGE}},
]  # fmt: skip


@has_steps
@every_way
def test_a_streamed_interaction(way, captured):
    span = span_of(way, captured, EVENTS, model="gemini-1", input="Hi", stream=True)
    assert span["output"]["messages"] == [
        {
            "role": "assistant",
            "content": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Hello there."}],
            "toolCalls": [{"id": "call-1", "name": "weather", "arguments": {"city": "Paris"}}],
        }
    ]
    assert span["tokens"] == {"input": 7, "output": 11, "total": 18}
    assert span["attributes"]["gen_ai.response.finish_reasons"] == ["requires_action"]
    assert span["attributes"]["mutagent.stream.outcome"] == "completed"


OLD_EVENTS = [
    {"event_type": "interaction.start", "interaction": interaction(status="in_progress")},
    {"event_type": "content.start", "index": 0, "content": {"type": "text"}},
    {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Hello "}},
    {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "there."}},
    {"event_type": "content.stop", "index": 0},
    {"event_type": "interaction.complete", "interaction": interaction(usage=USAGE)},
]


@pytest.mark.skipif(HAS_STEPS, reason="this client knows of steps")
@every_way
def test_a_streamed_interaction_in_blocks(way, captured):
    span = span_of(way, captured, OLD_EVENTS, model="gemini-1", input="Hi", stream=True)
    assert span["output"]["messages"] == [{"role": "assistant", "content": "Hello there."}]
    assert span["tokens"] == {"input": 7, "output": 11, "total": 18}


@has_steps
@every_way
def test_a_streamed_interaction_that_is_closed_keeps_its_type_and_what_had_arrived(way, captured):
    async def program(client):
        stream = await way.call(client.interactions.create, model="gemini-1", input="Hi", stream=True)
        for _ in range(6):
            await way.next(stream)
        await way.wait(stream.close())
        return type(stream).__name__

    with answering(EVENTS) as server:
        assert run(way, server, program) == ("AsyncStream" if way.name == "async" else "Stream")
    (span,) = captured.spans
    assert span["attributes"]["mutagent.stream.outcome"] == "closed"
    assert span["output"]["messages"][0]["content"][-1] == {"type": "text", "text": "Hello "}


@has_steps
@every_way
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_raw_response_is_read_when_the_program_parses_it(way, stream, captured):
    async def program(client):
        create = client.interactions.with_raw_response.create
        raw = await way.call(create, model="gemini-1", input="Hi", stream=stream)
        parsed = await way.wait(raw.parse())
        return await way.rest(parsed) if stream else parsed

    with answering(EVENTS if stream else interaction(TEXT, usage=USAGE)) as server:
        run(way, server, program)
    (span,) = captured.spans
    assert span["tokens"] == {"input": 7, "output": 11, "total": 18}
    assert span["output"]["messages"][0]["role"] == "assistant"


@every_way
def test_a_refused_interaction_fails(way, captured):
    refused = (404, {"error": {"code": "not_found", "message": "No such model."}})
    with pytest.raises(Exception, match="No such model") as raised:
        span_of(way, captured, refused, model="gemini-1", input="Hi")
    (span,) = captured.spans
    assert span["status"] == "error"
    assert span["attributes"]["error.type"].rpartition(".")[2] == type(raised.value).__name__ == "NotFoundError"
    assert span["attributes"]["http.response.status_code"] == 404
    assert span["attributes"]["mutagent.error.code"] == "not_found"
