"""Assistants: a run is one agent span, however the program follows it, and its usage stands on one span only."""

from __future__ import annotations

from typing import Any

import pytest

from mutagent.integrations.shapes.counted import Counted
from mutagent.integrations.specs.openai import assistants
from tests.integrations.openai.program import every_way, openai, run, seen, span_of
from tests.integrations.routes import Reply, events, serving

pytestmark = pytest.mark.filterwarnings("ignore:The Assistants API is deprecated", "ignore:use `stream` instead")

USAGE = {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34, "prompt_token_details": {"cached_tokens": 8}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
RUN: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "model": "model-1",
    "status": "queued",
}
WORKING = {**RUN, "status": "in_progress"}
DONE = {**RUN, "status": "completed", "usage": USAGE}
WAITING = {
    **RUN,
    "status": "requires_action",
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}},
}
FAILED = {**RUN, "status": "failed", "last_error": {"code": "rate_limit_exceeded", "message": "Slow down."}}
ASK = {"thread_id": "thread_1", "assistant_id": "asst_1", "instructions": "Be brief."}
ASKED = {"messages": [{"role": "system", "content": "Be brief."}]}
RUNS, ONE = "/threads/thread_1/runs", "/runs/run_1"


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch):
    monkeypatch.setattr(assistants, "_counted", Counted())


def run_span(status: str, **fields: Any) -> dict[str, Any]:
    """The span of a run that was asked for with `ASK`."""
    attributes = {
        "gen_ai.system_instructions": "Be brief.",
        "gen_ai.agent.id": "asst_1",
        "gen_ai.conversation.id": "thread_1",
        "gen_ai.response.id": "run_1",
        "gen_ai.response.model": "model-1",
        "gen_ai.response.finish_reasons": [status],
        **fields.pop("attributes", {}),
    }
    span = span_of("invoke_agent", "agent", "invoke_agent asst_1", input=ASKED, attributes=attributes, **fields)
    del span["attributes"]["gen_ai.request.model"]
    return span


COUNTED = {
    "tokens": {"input": 30, "output": 4, "total": 34},
    "attributes": {
        "gen_ai.usage.input_tokens": 30,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.cache_read.input_tokens": 8,
        "mutagent.usage.raw": USAGE,
    },
}


def known(captured: Any) -> list[dict[str, Any]]:
    """The spans, with the request's id that answers of old clients don't bring."""
    spans = seen(captured)
    for span in spans:
        span["attributes"].setdefault("mutagent.request_id", "req_1")
    return spans


def polled(way: Any) -> Any:
    """Ask for a run and wait for its end."""
    return lambda method: way.call(method, **ASK, poll_interval_ms=1)


@every_way
def test_a_run_that_is_created_is_a_span_without_usage(way, captured):
    with serving({RUNS: [Reply(RUN)]}) as url:
        run(way, url, "beta.threads.runs.create", lambda create: way.call(create, **ASK))
    assert known(captured) == [run_span("queued")]


@every_way
def test_create_and_poll_is_one_span_with_the_usage(way, captured):
    with serving({RUNS: [Reply(RUN)], ONE: [Reply(WORKING), Reply(WORKING), Reply(DONE)]}) as url:
        assert run(way, url, "beta.threads.runs.create_and_poll", polled(way)).status == "completed"
    # The client's own request for the run says that it is not to be streamed.
    attributes = {**COUNTED["attributes"], "gen_ai.request.stream": False}
    assert known(captured) == [run_span("completed", tokens=COUNTED["tokens"], attributes=attributes)]


@every_way
def test_a_program_that_polls_counts_the_usage_once(way, captured):
    async def program(runs):
        await way.call(runs.create, **ASK)
        for _ in range(3):
            await way.call(runs.retrieve, run_id="run_1", thread_id="thread_1")
        return await way.call(runs.poll, run_id="run_1", thread_id="thread_1")

    with serving({RUNS: [Reply(RUN)], ONE: [Reply(WORKING), Reply(DONE)]}) as url:
        run(way, url, "beta.threads.runs", program)
    assert [(span["name"], span["attributes"]["gen_ai.response.finish_reasons"]) for span in captured.spans] == [
        ("invoke_agent asst_1", ["queued"]),
        ("retrieve run_1", ["in_progress"]),
        ("retrieve run_1", ["completed"]),
        ("retrieve run_1", ["completed"]),
        ("retrieve run_1", ["completed"]),
    ]
    assert ["tokens" in span for span in captured.spans] == [False, False, True, False, False]


@every_way
def test_tools_are_asked_for_and_answered(way, captured):
    async def program(runs):
        await way.call(runs.create_and_poll, **ASK, poll_interval_ms=1)
        outputs = [{"tool_call_id": "call_1", "output": "Rain."}]
        await way.call(
            runs.submit_tool_outputs_and_poll,
            run_id="run_1",
            thread_id="thread_1",
            tool_outputs=outputs,
            poll_interval_ms=1,
        )

    routes = {
        RUNS: [Reply(RUN)],
        f"{ONE}/submit_tool_outputs": [Reply(WORKING)],
        ONE: [Reply(WAITING), Reply(DONE)],
    }
    with serving(routes) as url:
        run(way, url, "beta.threads.runs", program)
    asked, answered = captured.spans
    call = {"id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}}
    assert asked["output"] == {"messages": [{"role": "assistant", "content": None, "toolCalls": [call]}]}
    assert answered["input"] == {"messages": [{"role": "tool", "content": "Rain.", "toolCallId": "call_1"}]}
    assert ("tokens" in asked, answered["tokens"]["total"]) == (False, 34)


STEP = {"id": "step_1", "object": "thread.run.step", "type": "tool_calls"}
SEARCHED = {"id": "call_2", "type": "file_search", "file_search": {"results": [{"file_id": "file_1", "score": 0.5}]}}


def message(value: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "object": "thread.message",
        "role": "assistant",
        "content": [{"type": "text", "index": 0, "text": {"value": value, "annotations": []}}],
    }


def delta(value: str) -> dict[str, Any]:
    content = [{"type": "text", "index": 0, "text": {"value": value}}]
    return {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": content}}


def streamed(*named: tuple[str, dict[str, Any]]) -> Reply:
    """The events as the service sends them: the name stands beside the data."""
    reply = events(*({**data, "event": name} for name, data in named), named="event")
    return Reply(reply.body + b"event: done\ndata: [DONE]\n\n", reply.content_type)


EVENTS = streamed(
    ("thread.run.created", RUN),
    ("thread.run.in_progress", WORKING),
    (
        "thread.run.step.created",
        {**STEP, "status": "in_progress", "step_details": {"type": "tool_calls", "tool_calls": []}},
    ),
    (
        "thread.run.step.completed",
        {**STEP, "status": "completed", "step_details": {"type": "tool_calls", "tool_calls": [SEARCHED]}},
    ),
    ("thread.message.created", {**message(""), "content": []}),
    ("thread.message.delta", delta("It ")),
    ("thread.message.delta", delta("rains.")),
    ("thread.message.completed", message("It rains.")),
    ("thread.run.completed", DONE),
)
STREAM = {
    "gen_ai.request.stream": True,
    "gen_ai.response.time_to_first_chunk": "<seconds>",
    "mutagent.stream.outcome": "completed",
}
SAID = {
    "messages": [
        {"role": "assistant", "content": [SEARCHED]},
        {"role": "assistant", "content": "It rains."},
    ]
}
FOLLOWED = run_span("completed", output=SAID, tokens=COUNTED["tokens"], attributes={**COUNTED["attributes"], **STREAM})


@every_way
def test_a_streamed_run_is_one_whole_span(way, captured):
    async def program(create):
        return await way.rest(await way.call(create, **ASK, stream=True))

    with serving({RUNS: [EVENTS]}) as url:
        assert len(run(way, url, "beta.threads.runs.create", program)) == 9
    assert known(captured) == [FOLLOWED]


@every_way
@pytest.mark.parametrize("method", ["stream", "create_and_stream"])
def test_the_helper_that_streams_is_the_same_span(way, method, captured):
    async def program(make):
        manager = make(**ASK)
        handler = await way.enter(manager)
        await way.wait(handler.until_done())
        await way.leave(manager)
        final = await way.wait(handler.get_final_run())
        return final.status

    with serving({RUNS: [EVENTS]}) as url:
        assert run(way, url, f"beta.threads.runs.{method}", program) == "completed"
    (span,) = known(captured)
    assert span["attributes"].pop("gen_ai.request.stream", True) is True
    expected = {name: value for name, value in FOLLOWED["attributes"].items() if name != "gen_ai.request.stream"}
    assert span == {**FOLLOWED, "attributes": expected}


@every_way
def test_a_helper_that_is_left_has_what_was_there(way, captured):
    async def program(make):
        manager = make(**ASK)
        handler = await way.enter(manager)
        for _ in range(6):
            await way.next(handler)
        await way.leave(manager)

    with serving({RUNS: [EVENTS]}) as url:
        run(way, url, "beta.threads.runs.stream", program)
    (span,) = captured.spans
    assert span["output"]["messages"][-1] == {"role": "assistant", "content": "It "}
    assert span["attributes"]["mutagent.stream.outcome"] == "closed"
    assert "tokens" not in span


@every_way
def test_a_thread_that_is_created_with_its_run_brings_its_messages(way, captured):
    async def program(threads):
        thread = {"messages": [{"role": "user", "content": "Weather?"}]}
        return await way.call(threads.create_and_run_poll, assistant_id="asst_1", thread=thread, poll_interval_ms=1)

    with serving({"/threads/runs": [Reply(RUN)], ONE: [Reply(DONE)]}) as url:
        run(way, url, "beta.threads", program)
    (span,) = captured.spans
    assert span["input"] == {"messages": [{"role": "user", "content": "Weather?"}]}
    assert (span["tokens"]["total"], span["attributes"]["gen_ai.conversation.id"]) == (34, "thread_1")


@every_way
def test_a_run_that_failed_is_a_failed_span(way, captured):
    with serving({RUNS: [Reply(RUN)], ONE: [Reply(FAILED)]}) as url:
        assert run(way, url, "beta.threads.runs.create_and_poll", polled(way)).status == "failed"
    (span,) = captured.spans
    assert (span["status"], span["error"]) == ("error", "Slow down.")
    assert span["attributes"]["mutagent.error.code"] == "rate_limit_exceeded"


@every_way
def test_polling_that_breaks_is_one_failed_span(way, captured):
    down = Reply({"error": {"message": "Down.", "type": "server_error", "code": None}}, status=500)
    with serving({RUNS: [Reply(RUN)], ONE: [down]}) as url, pytest.raises(openai.InternalServerError):
        run(way, url, "beta.threads.runs.create_and_poll", polled(way))
    (span,) = captured.spans
    assert (span["name"], span["status"]) == ("invoke_agent asst_1", "error")
    assert span["attributes"]["http.response.status_code"] == 500
