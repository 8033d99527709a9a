"""Moderations: what a model thinks of a text, in numbers."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import fields_of, get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.spec import Response


def response(answer: Any) -> Response:
    """The verdicts: whether anything is flagged, as what, and each category's score."""
    budget = Snapshot()
    results = get_list(answer, "results")
    verdicts = budget.sequence(results, lambda result: _verdict(result, budget))
    return Response(
        model=get(answer, "model"),
        id=get(answer, "id"),
        output={"raw": {"results": verdicts}},
        attributes={
            **facts(answer),
            "mutagent.guardrail.flagged": any(get(result, "flagged") is True for result in results),
        },
    )


def _verdict(result: Any, budget: Snapshot) -> dict[str, Any]:
    categories = _by_category(get(result, "categories"))
    scores = {name: score for name, score in _by_category(get(result, "category_scores")).items() if score is not None}
    return {
        "flagged": get(result, "flagged") is True,
        "categories": budget.take([name for name, found in categories.items() if found is True]),
        "scores": budget.take(scores),
    }


def _by_category(value: Any) -> dict[str, Any]:
    """By the client's own names, "hate_threatening"; the service says "hate/threatening" and "self-harm"."""
    return {name.replace("/", "_").replace("-", "_"): found for name, found in fields_of(value).items()}
