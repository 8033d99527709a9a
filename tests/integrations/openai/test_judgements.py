"""Moderations are guardrails, and decisions are model calls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.openai.program import every_way, openai, run, seen, span_of
from tests.integrations.routes import Reply, serving

ANSWER = {
    "id": "modr-1",
    "model": "model-1-latest",
    "results": [
        {
            "flagged": True,
            "categories": {"hate": False, "hate/threatening": True, "self-harm": False, "violence": True},
            "category_scores": {"hate": 0.1, "hate/threatening": 0.8, "self-harm": 0.0, "violence": 0.9},
        }
    ],
}
VERDICT = {
    "flagged": True,
    "categories": ["hate_threatening", "violence"],
    "scores": {"hate": 0.1, "hate_threatening": 0.8, "self_harm": 0.0, "violence": 0.9},
}
SPAN = span_of(
    "moderation",
    "guardrail",
    input={"text": "I will."},
    output={"raw": {"results": [VERDICT]}},
    model="model-1-latest",
    attributes={
        "gen_ai.response.id": "modr-1",
        "gen_ai.response.model": "model-1-latest",
        "mutagent.guardrail.flagged": True,
    },
)


@every_way
@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "raw"])
def test_a_moderation_is_a_guardrail(way, raw, captured):
    async def program(create):
        answer = await way.call(create, model="model-1", input="I will.")
        return await way.wait(answer.parse()) if raw else answer

    with serving({"/moderations": [Reply(ANSWER)]}) as url:
        answer = run(way, url, f"moderations.{'with_raw_response.' if raw else ''}create", program)
    assert answer.results[0].categories.hate_threatening is True
    (span,) = seen(captured)
    span["attributes"].setdefault("mutagent.request_id", "req_1")  # answers of old clients don't bring it
    assert span == SPAN


@every_way
def test_many_inputs_have_many_verdicts_within_bounds(way, captured):
    inputs: list[Any] = [f"{number}: {'no ' * 600}" for number in range(500)]
    calm = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.01}}
    with serving({"/moderations": [Reply({**ANSWER, "results": [calm] * 500})]}) as url:
        run(way, url, "moderations.create", lambda create: way.call(create, input=inputs))
    (span,) = captured.spans
    assert span["attributes"]["mutagent.guardrail.flagged"] is False
    assert span["name"] == "moderation"
    assert len(str(span["input"])) < 140_000
    verdicts = span["output"]["raw"]["results"]
    assert verdicts[0] == {"flagged": False, "categories": [], "scores": {"hate": 0.01}}


@every_way
def test_a_decision_is_a_model_call(way, captured):
    usage = {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 11,
    }
    answers = [{"type": "predicate", "name": "rude", "probability": 0.25}]
    questions = [{"type": "predicate", "name": "rude", "question": "Is it rude?"}]
    with serving({"/decisions": [Reply({"answers": answers, "model": "model-1", "usage": usage})]}) as url:
        run(
            way,
            url,
            "decisions.create",
            lambda create: way.call(create, model="model-1", input="Go away.", questions=questions),
        )
    assert seen(captured) == [
        span_of(
            "generate_content",
            "llm.completion",
            input={"messages": [{"role": "user", "content": "Go away."}], "raw": {"questions": questions}},
            output={"raw": {"answers": answers}},
            tokens={"input": 9, "output": 2, "total": 11},
            attributes={
                "gen_ai.output.type": "json",
                "gen_ai.response.model": "model-1",
                "gen_ai.usage.input_tokens": 9,
                "gen_ai.usage.output_tokens": 2,
                "gen_ai.usage.cache_read.input_tokens": 4,
                "gen_ai.usage.cache_creation.input_tokens": 0,
                "gen_ai.usage.reasoning.output_tokens": 1,
                "mutagent.usage.raw": usage,
            },
        )
    ]


@every_way
def test_a_moderation_that_fails_is_a_failed_guardrail(way, captured):
    down = {"/moderations": [Reply({"error": {"message": "Down."}}, status=500)]}
    with serving(down) as url, pytest.raises(openai.InternalServerError):
        run(way, url, "moderations.create", lambda create: way.call(create, input="I will."))
    (span,) = captured.spans
    assert (span["kind"], span["status"]) == ("guardrail", "error")
