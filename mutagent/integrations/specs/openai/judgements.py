"""Moderations and decisions: what a model thinks of a text, in numbers."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import moderations
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.spec import Request, Response, Target
from mutagent.integrations.specs.openai.responses import input_of


def moderation_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be judged."""
    value = Snapshot().take(given.get("input"))
    return asked(given, instance, {"text": value} if type(value) is str else {"raw": value})


def decision_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be decided, about what."""
    budget = Snapshot()
    input = input_of(given.get("input"), None, budget)
    asks = asked(given, instance, {**input, "raw": {"questions": budget.take(given.get("questions"))}}, ("questions",))
    asks.attributes["gen_ai.output.type"] = "json"
    return asks


def decision_response(answer: Any) -> Response:
    """The answers, in the order of the questions."""
    return Response(
        model=get(answer, "model"),
        output={"raw": {"answers": Snapshot().take(get_list(answer, "answers"))}},
        usage=usage(get(answer, "usage")),
        attributes=facts(answer),
    )


TARGETS = tuple(
    target
    for prefix in ("", "Async")
    for target in (
        Target(("openai.resources.moderations",), f"{prefix}Moderations.create", "guardrail", "moderation",
               moderation_request, moderations.response),
        Target(("openai.resources.decisions",), f"{prefix}Decisions.create", "llm.completion", "generate_content",
               decision_request, decision_response),
    )
)  # fmt: skip
