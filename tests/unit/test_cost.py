"""What a call cost, by the real price table."""

import pytest

from mutagent.export.cost import CACHE_CREATION, CACHE_READ, _cost, _priced, _rates, cost_of
from mutagent.tracing.types import SpanMetrics
from tests.unit.spans import ended_span

genai_prices = pytest.importorskip("genai_prices")


def call(model="gpt-4o", provider="openai", given=1000, made=100, **attributes):
    span = ended_span(1, kind="llm.chat", attributes=attributes)
    span.metrics = SpanMetrics(model, provider, given, made)
    return span


def table(model, provider, **usage):
    price = genai_prices.calc_price(genai_prices.Usage(**usage), model, provider_id=provider)
    return pytest.approx(float(price.total_price), rel=1e-9)


def test_a_known_model_costs_what_the_table_says():
    assert cost_of(call()) == table("gpt-4o", "openai", input_tokens=1000, output_tokens=100)


def test_cached_tokens_have_their_own_price():
    span = call("claude-sonnet-4-5", "anthropic", 10_000, 500, **{CACHE_READ: 4000, CACHE_CREATION: 1000})
    usage = {"input_tokens": 10_000, "output_tokens": 500, "cache_read_tokens": 4000, "cache_write_tokens": 1000}
    assert cost_of(span) == table("claude-sonnet-4-5", "anthropic", **usage)
    assert cost_of(span) < cost_of(call("claude-sonnet-4-5", "anthropic", 10_000, 500, **{CACHE_CREATION: 5000}))


@pytest.mark.parametrize(
    ("model", "provider"),
    [("gpt-4o-2024-08-06", "openai"), ("gpt-4o", "azure.ai.openai"), ("gemini-2.5-pro", "gcp.gemini"),
     ("gemini-2.5-flash", "gcp.vertex_ai"), ("grok-3", "x_ai"), ("mistral-large-latest", "mistral_ai"),
     ("sonar", "perplexity"), ("openai/gpt-4o", "openrouter"), ("gpt-4o", None)],
)  # fmt: skip
@pytest.mark.parametrize("usage", [(1, 0, 0, 0), (1234, 567, 0, 0), (90_000, 5000, 20_000, 0), (400_000, 100, 0, 0)])
def test_rates_give_the_tables_own_answer(model, provider, usage):
    exact = _priced(provider, model, *usage)
    assert exact is not None
    assert _cost(provider, model, *usage) == pytest.approx(exact, rel=1e-9)


def test_a_model_that_answered_under_an_unknown_name_is_priced_by_the_one_asked_for():
    span = call("my-deployment", **{"gen_ai.request.model": "gpt-4o"})
    assert cost_of(span) == cost_of(call())


@pytest.mark.parametrize(
    "span",
    [call("no-such-model"), call("llama3", "ollama"), call(model=None), call(given=None, made=None), ended_span(1)],
    ids=["unknown model", "unknown provider", "no model", "no usage", "no metrics"],
)
def test_an_unknown_cost_is_none_and_not_nothing(span):
    assert cost_of(span) is None


def test_a_cost_that_the_span_brings_is_not_computed_again():
    span = call()
    span.metrics.cost_usd = 1.0
    assert cost_of(span) is None


def test_the_table_is_asked_once_per_model():
    _rates.cache_clear()
    for made in range(1, 50):
        cost_of(call(made=made))
    assert _rates.cache_info().misses == 1
