"""Write what a request and its response say onto a span, by OpenTelemetry's names.

Source of the names: the GenAI semantic conventions (https://opentelemetry.io/docs/specs/semconv/gen-ai/); what has no
name there stands under ``mutagent.``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Request, Response, Usage
from mutagent.tracing.span import MutagentSpan

# Where providers differ, each one's word.
_PARAMETER_NAMES = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "max_tokens_to_sample": "gen_ai.request.max_tokens",
    "max_new_tokens": "gen_ai.request.max_tokens",
    "num_predict": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "random_seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
    "stop_sequences": "gen_ai.request.stop_sequences",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "n": "gen_ai.request.choice.count",
    "candidate_count": "gen_ai.request.choice.count",
    "num_generations": "gen_ai.request.choice.count",
    "stream": "gen_ai.request.stream",
    "encoding_format": "gen_ai.request.encoding_formats",
    "embedding_types": "gen_ai.request.encoding_formats",
    "dimensions": "gen_ai.embeddings.dimension.count",
    "output_dimension": "gen_ai.embeddings.dimension.count",
    "output_dimensionality": "gen_ai.embeddings.dimension.count",
}
_LISTS = frozenset({"gen_ai.request.stop_sequences", "gen_ai.request.encoding_formats"})
_PARAMETER_BYTES = 16_384
# What programs write and users say, and so is not recorded where inputs are not.
_CONTENT = ("gen_ai.system_instructions", "gen_ai.tool.definitions", "gen_ai.retrieval.query.text")


def apply_request(span: MutagentSpan, operation: str, request: Request, keep_input: bool) -> None:
    """Name the span and record what was asked for."""
    attributes, metrics = span.attributes, span.metrics
    attributes["gen_ai.operation.name"] = operation
    model, provider = request.model, request.provider
    if model is not None:
        metrics.model = attributes["gen_ai.request.model"] = model
    if provider is not None:
        metrics.provider = attributes["gen_ai.provider.name"] = provider
    span.name = request.name or (operation if model is None else f"{operation} {model}")
    if request.parameters:
        apply_parameters(attributes, request.parameters)
    if request.attributes:
        attributes.update(request.attributes)
    if request.server is not None:
        attributes.update(server_of(request.server))
    if keep_input:
        span.input = request.input
    else:
        for name in _CONTENT:
            attributes.pop(name, None)


def apply_parameters(attributes: dict[str, Any], parameters: dict[str, Any]) -> None:
    """Record request parameters by OpenTelemetry's names, else as ``mutagent.request.<name>``."""
    budget = None
    for name, value in parameters.items():
        kind = type(value)
        if kind is not int and kind is not float and kind is not bool and (kind is not str or len(value) > 256):
            budget = budget or Snapshot(_PARAMETER_BYTES, 1_000)
            value = budget.take(value, name)
        known = _PARAMETER_NAMES.get(name)
        if known is None:
            attributes["mutagent.request." + name] = value
        else:
            attributes[known] = [value] if known in _LISTS and type(value) is not list else value


def apply_response(span: MutagentSpan, response: Response, keep_output: bool) -> None:
    """Record what came back."""
    attributes = span.attributes
    if response.model is not None:
        span.metrics.model = attributes["gen_ai.response.model"] = response.model
    if response.provider is not None:
        span.metrics.provider = attributes["gen_ai.provider.name"] = response.provider
    if response.id is not None:
        attributes["gen_ai.response.id"] = response.id
    if response.finish_reasons:
        attributes["gen_ai.response.finish_reasons"] = response.finish_reasons
    if response.usage is not None:
        apply_usage(span, response.usage)
    if response.attributes:
        attributes.update(response.attributes)
    if keep_output and response.output is not None:
        span.output = response.output
    if response.error is not None:
        span.status, span.status_message = "error", response.error


def apply_usage(span: MutagentSpan, usage: Usage) -> None:
    """Record token counts; what is None was not said and is left out."""
    attributes, metrics = span.attributes, span.metrics
    # By hand: a loop over a table takes three times as long, at every model call.
    if usage.input is not None:
        attributes["gen_ai.usage.input_tokens"] = usage.input
    if usage.output is not None:
        attributes["gen_ai.usage.output_tokens"] = usage.output
    if usage.cache_read is not None:
        attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cache_read
    if usage.cache_creation is not None:
        attributes["gen_ai.usage.cache_creation.input_tokens"] = usage.cache_creation
    if usage.reasoning is not None:
        attributes["gen_ai.usage.reasoning.output_tokens"] = usage.reasoning
    if usage.input_audio is not None:
        attributes["mutagent.usage.audio.input_tokens"] = usage.input_audio
    if usage.output_audio is not None:
        attributes["mutagent.usage.audio.output_tokens"] = usage.output_audio
    metrics.input_tokens, metrics.output_tokens = usage.input, usage.output
    metrics.total_tokens = usage.total
    if usage.total is None and usage.input is not None and usage.output is not None:
        metrics.total_tokens = usage.input + usage.output
    # Said by a client underneath, who was told less.
    attributes.pop("mutagent.usage.missing", None)
    if usage.raw is not None:
        attributes["mutagent.usage.raw"] = usage.raw


@lru_cache(maxsize=256)
def server_of(url: str) -> dict[str, Any]:
    """``server.address`` and ``server.port`` of a base URL."""
    parts = urlsplit(url)
    if not parts.hostname:
        return {}
    try:
        port = parts.port
    except ValueError:
        port = None
    found: dict[str, Any] = {"server.address": parts.hostname}
    if port or parts.scheme in ("http", "https"):
        found["server.port"] = port or (443 if parts.scheme == "https" else 80)
    return found


def fill_gaps(span: MutagentSpan, request: Request) -> None:
    """Add to a framework's span what its client knows of the request, without changing what stands there."""
    metrics = span.metrics
    metrics.model = metrics.model or request.model
    metrics.provider = metrics.provider or request.provider
    found: dict[str, Any] = {}
    apply_parameters(found, request.parameters)
    found.update(request.attributes)
    if request.server is not None:
        found.update(server_of(request.server))
    if request.model is not None:
        found["gen_ai.request.model"] = request.model
    if request.provider is not None:
        found["gen_ai.provider.name"] = request.provider
    for name, value in found.items():
        span.attributes.setdefault(name, value)
