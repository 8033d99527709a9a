"""What a model call cost, from the price table of ``genai-prices`` where that is installed."""

from __future__ import annotations

from mutagent.tracing.span import MutagentSpan


def cost_of(span: MutagentSpan) -> float | None:
    """US dollars, or None where the model's price is not known."""
    return None
