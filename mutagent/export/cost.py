"""What a model call cost, from the price table of ``genai-prices`` where that is installed.

A model that the table does not know has no cost, which is not a cost of nothing.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import NamedTuple

from mutagent.guard import guarded
from mutagent.loading import from_module
from mutagent.tracing.span import MutagentSpan

CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_CREATION = "gen_ai.usage.cache_creation.input_tokens"

# The table's own names of providers, where they differ from OpenTelemetry's.
_PROVIDERS = {
    "azure.ai.openai": "azure", "aws.bedrock": "aws", "gcp.gemini": "google", "gcp.vertex_ai": "google",
    "mistral_ai": "mistral", "x_ai": "x-ai",
}  # fmt: skip
# Loading the table takes a third of a second of CPU: worth it, ahead of need, for programs with one of these.
_CLIENTS = (
    "openai",
    "anthropic",
    "google.genai",
    "litellm",
    "botocore",
    "mistralai",
    "cohere",
    "groq",
    "langchain_core",
)
# Some models cost more per token in long requests. Rates hold up to here, where they are found to be proportional.
_PROBE, _LINEAR_UP_TO = 1_000, 100_000


_is_loaded = False


class Rates(NamedTuple):
    """US dollars per token, and per request."""

    input: float
    output: float
    cache_read: float
    cache_creation: float
    request: float


def prepare() -> None:
    """Load the price table, on a worker's thread, if the program is likely to need it."""
    if any(client in sys.modules for client in _CLIENTS):
        _loaded()


def cost_of(span: MutagentSpan) -> float | None:
    """US dollars, or None where usage or price are not known, or the span brings its own cost."""
    span.read()
    metrics = span._metrics
    if metrics is None or metrics.cost_usd is not None or not (metrics.input_tokens or metrics.output_tokens):
        return None
    attributes = span.attributes
    read, created = attributes.get(CACHE_READ), attributes.get(CACHE_CREATION)
    usage = (
        metrics.input_tokens or 0,
        metrics.output_tokens or 0,
        read if type(read) is int else 0,
        created if type(created) is int else 0,
    )
    provider = metrics.provider or attributes.get("gen_ai.provider.name")
    for model in (metrics.model, attributes.get("gen_ai.response.model"), attributes.get("gen_ai.request.model")):
        cost = guarded("cost", _cost, provider, model, *usage) if type(model) is str else None
        if cost is not None:
            return cost
    return None


def _cost(provider: str | None, model: str, given: int, made: int, read: int, created: int) -> float | None:
    rates = _rates(provider, model) if _is_loaded or _loaded() else None
    if rates is None:
        return None
    if given > _LINEAR_UP_TO or made > _LINEAR_UP_TO or rates is _NOT_PROPORTIONAL:
        return _priced(provider, model, given, made, read, created)
    fresh = max(0, given - read - created) * rates.input
    cached = read * rates.cache_read + created * rates.cache_creation
    return round(fresh + cached + made * rates.output + rates.request, 12)


_NOT_PROPORTIONAL = Rates(0.0, 0.0, 0.0, 0.0, 0.0)


@lru_cache(maxsize=256)
def _rates(provider: str | None, model: str) -> Rates | None:
    """Found out by asking, since a question costs the table more than everything else does the whole span."""
    request = _priced(provider, model, 0, 0, 0, 0)
    if request is None:
        return None
    usages = ((1, 0, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1))
    small, large = (
        [(_priced(provider, model, *(count * size for count in usage)) or 0.0) - request for usage in usages]
        for size in (_PROBE, _LINEAR_UP_TO)
    )
    if any(abs(one / _PROBE - other / _LINEAR_UP_TO) > 1e-12 for one, other in zip(small, large, strict=True)):
        return _NOT_PROPORTIONAL
    per_token = [price / _PROBE for price in small]
    return Rates(per_token[0], per_token[1], per_token[2], per_token[3], request)


def _priced(provider: str | None, model: str, given: int, made: int, read: int, created: int) -> float | None:
    table = sys.modules["genai_prices"]
    usage = table.Usage(input_tokens=given, output_tokens=made, cache_read_tokens=read, cache_write_tokens=created)
    try:
        return float(table.calc_price(usage, model, provider_id=_PROVIDERS.get(provider or "", provider)).total_price)
    except LookupError:
        return None


def _loaded() -> bool:
    """Whether the table is there; what is loaded stays so."""
    global _is_loaded
    _is_loaded = from_module("genai_prices", "calc_price") is not None
    return _is_loaded
