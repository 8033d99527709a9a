"""What a span says to the requests that are made beneath it: whether they belong to it, or get spans of their own."""

from __future__ import annotations

from typing import Any

from mutagent.integrations.spec import Integration, Target

# A chat framework may serve a call through the completions endpoint, and the other way round.
_FAMILY = {"llm.chat": "text", "llm.completion": "text"}
MODEL_FAMILIES = frozenset({"text", "llm.embedding", "rerank", "guardrail"})
# Calls that make several requests, each of which has a span of its own.
OUTER = frozenset({"chain", "agent"})
# How many requests such a call has made.
ATTEMPTS = "mutagent.attempts"
# What the claim of a framework's span says from the request that was made for it until that request is over.
UNDER_WAY = "under way"


class Carried:
    """The claim of a span to all that is asked beneath it, by whichever client and however often it is tried.

    Args:
        family: what kind of requests.
        by: an integration whose functions call each other, and whose span says it all; None where each adds to it.
    """

    __slots__ = ("by", "family")

    def __init__(self, family: str, by: object) -> None:
        self.family = family
        self.by = by


def is_under_way(claim: Any) -> bool:
    """Whether a request for a framework's span was made and is not over."""
    return claim is UNDER_WAY or type(claim) is Carried


def family_of(kind: str) -> str:
    """The kinds of requests that may stand for each other go by one name."""
    return _FAMILY.get(kind, kind)


def claim_of(integration: Integration, target: Target) -> tuple[str, str | Carried]:
    """What a target's requests are a kind of, and what the span of a call says to those beneath it."""
    carries, kind = integration.carries, target.kind
    family = f"{kind} of {integration.name}" if carries and kind in OUTER else family_of(kind)
    return family, Carried(family, integration if carries else None) if carries or target.covers else family
