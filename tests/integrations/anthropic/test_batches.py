"""Message batches: what was submitted is one span, what came of it another, with the usage summed and counted once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mutagent.integrations.shapes.counted import Counted
from mutagent.integrations.specs import anthropic_batches
from tests.integrations import calling
from tests.integrations.routes import Reply, serving
from tests.integrations.spans import normal
from tests.integrations.ways import WAYS

anthropic = pytest.importorskip("anthropic")

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
every_surface = pytest.mark.parametrize("surface", ["messages.batches", "beta.messages.batches"])

BATCH: dict[str, Any] = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "in_progress",
    "request_counts": {"processing": 2, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z",
}
ENDED = {**BATCH, "processing_status": "ended", "results_url": "/v1/messages/batches/msgbatch_1/results"}
REQUESTS = [
    {
        "custom_id": f"r{number}",
        "params": {"model": f"model-{number}", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]},
    }
    for number in (1, 2)
]


def answered(number: int) -> dict[str, Any]:
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": f"model-{number}",
        "content": [{"type": "text", "text": "Hi."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 2},
    }
    return {"custom_id": f"r{number}", "result": {"type": "succeeded", "message": message}}


REFUSED = {
    "custom_id": "r3",
    "result": {
        "type": "errored",
        "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "No."}},
    },
}
EXPIRED = {"custom_id": "r4", "result": {"type": "expired"}}


def lines(*results: Any) -> Reply:
    return Reply("".join(json.dumps(result) + "\n" for result in results).encode(), "application/binary")


RESULTS = lines(answered(1), REFUSED, answered(2), EXPIRED)


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch):
    monkeypatch.setattr(anthropic_batches, "_counted", Counted())


def run(way: Any, surface: str, routes: dict[str, list[Reply]], program: Any) -> Any:
    with serving(routes) as url:
        return calling.run(way, "anthropic.Anthropic", surface, program, url)


def span_of(name: str, attributes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    common = {
        "gen_ai.operation.name": "batch",
        "gen_ai.provider.name": "anthropic",
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    }
    span = {"name": name, "kind": "custom", "status": "ok", "provider": "anthropic", **fields}
    return {**span, "attributes": {**common, **attributes}}


@every_way
@every_surface
def test_a_batch_that_is_submitted_is_one_span(way, surface, captured):
    async def program(batches):
        return (await way.call(batches.create, requests=REQUESTS)).id

    assert run(way, surface, {"/v1/messages/batches": [Reply(BATCH)]}, program) == "msgbatch_1"
    (span,) = map(normal, captured.spans)
    span["attributes"].pop("mutagent.request_id", None)
    told = {
        "mutagent.batch.size": 2,
        "mutagent.batch.models": ["model-1", "model-2"],
        "mutagent.batch.id": "msgbatch_1",
        "gen_ai.response.id": "msgbatch_1",
    }
    assert span == span_of("batch", told, input={"raw": {"requests": REQUESTS}})


ROUTES = {"/batches/msgbatch_1": [Reply(ENDED)], "/results": [RESULTS]}
HI = [{"role": "assistant", "content": "Hi."}]
WHOLE = span_of(
    "batch results msgbatch_1",
    {
        "mutagent.batch.id": "msgbatch_1",
        "mutagent.batch.models": ["model-1", "model-2"],
        "mutagent.batch.succeeded": 2,
        "mutagent.batch.errored": 1,
        "mutagent.batch.expired": 1,
        "gen_ai.usage.input_tokens": 30,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.cache_read.input_tokens": 10,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "gen_ai.response.time_to_first_chunk": "<seconds>",
        "mutagent.stream.outcome": "completed",
        "mutagent.usage.raw": {
            "input_tokens": 20,
            "output_tokens": 4,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 10,
        },
    },
    tokens={"input": 30, "output": 4, "total": 34},
    output={
        "raw": {
            "results": [
                {"custom_id": "r1", "type": "succeeded", "messages": HI},
                {"custom_id": "r3", "type": "errored", "error": {"type": "invalid_request_error", "message": "No."}},
                {"custom_id": "r2", "type": "succeeded", "messages": HI},
                {"custom_id": "r4", "type": "expired"},
            ]
        }
    },
)


@every_way
@every_surface
@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "raw"])
def test_results_are_one_span_with_the_summed_usage(way, surface, raw, captured):
    async def program(batches):
        if raw:
            if not hasattr(batches.with_raw_response, "results"):
                pytest.skip(f"anthropic {anthropic.__version__} has no raw results")
            response = await way.call(batches.with_raw_response.results, message_batch_id="msgbatch_1")
            return await way.rest(await way.wait(response.parse()))
        return await way.rest(await way.call(batches.results, message_batch_id="msgbatch_1"))

    assert len(run(way, surface, ROUTES, program)) == 4
    (span,) = map(normal, captured.spans)
    span["attributes"].pop("mutagent.request_id", None)
    assert span == WHOLE


@every_way
@every_surface
def test_results_that_are_read_again_are_not_counted_again(way, surface, captured):
    async def program(batches):
        for _ in range(2):
            await way.rest(await way.wait(batches.results("msgbatch_1")))

    run(way, surface, ROUTES, program)
    assert ["tokens" in span for span in captured.spans] == [True, False]
    assert [span["attributes"]["mutagent.batch.succeeded"] for span in captured.spans] == [2, 2]


@every_way
@every_surface
def test_many_results_are_all_counted_and_kept_within_bounds(way, surface, captured):
    long = answered(1)
    long["result"]["message"]["content"][0]["text"] = "Hi. " * 5_000
    routes = {**ROUTES, "/results": [lines(*[long] * 50)]}

    async def program(batches):
        await way.rest(await way.wait(batches.results("msgbatch_1")))

    run(way, surface, routes, program)
    (span,) = captured.spans
    assert (span["attributes"]["mutagent.batch.succeeded"], span["tokens"]["output"]) == (50, 100)
    assert span["output"]["raw"]["results"][-1].endswith("items cut]…")
    assert len(json.dumps(span)) < 150_000


@every_way
@every_surface
def test_results_that_are_not_there_yet_are_an_error(way, surface, captured):
    async def program(batches):
        await way.wait(batches.results("msgbatch_1"))

    with pytest.raises(anthropic.AnthropicError):
        run(way, surface, {"/batches/msgbatch_1": [Reply(BATCH)]}, program)
    (span,) = captured.spans
    assert (span["name"], span["status"]) == ("batch results msgbatch_1", "error")
