"""What the index demands of a call, and the same facts read from the span that it made, to be compared whole."""

from __future__ import annotations

from typing import Any

from tests.recorded import known
from tests.recorded.recordings import Case, Step

_PARAMETERS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "random_seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
    "stop_sequences": "gen_ai.request.stop_sequences",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "n": "gen_ai.request.choice.count",
    "encoding_format": "gen_ai.request.encoding_formats",
    "embedding_types": "gen_ai.request.encoding_formats",
    "dimensions": "gen_ai.embeddings.dimension.count",
    "conversation": "gen_ai.conversation.id",
    "p": "gen_ai.request.top_p",
    "k": "gen_ai.request.top_k",
    "billed_search_units": "mutagent.usage.search_units",
    "toolConfig": "gen_ai.tool.definitions",
    "maxTokenCount": "gen_ai.request.max_tokens",
    "max_new_tokens": "gen_ai.request.max_tokens",
    "maxTokens": "gen_ai.request.max_tokens",
    "max_gen_len": "gen_ai.request.max_tokens",
    "max_tokens_to_sample": "gen_ai.request.max_tokens",
    "topP": "gen_ai.request.top_p",
    "stopSequences": "gen_ai.request.stop_sequences",
    "num_generations": "gen_ai.request.choice.count",
    "output_dimension": "gen_ai.embeddings.dimension.count",
    "topK": "gen_ai.request.top_k",
    "maxOutputTokens": "gen_ai.request.max_tokens",
    "candidateCount": "gen_ai.request.choice.count",
    "responseMimeType": "mutagent.request.response_mime_type",
    "responseModalities": "mutagent.request.response_modalities",
    "responseSchema": "mutagent.request.response_schema",
    "responseJsonSchema": "mutagent.request.response_json_schema",
    "thinkingConfig": "mutagent.request.thinking_config",
}
_LISTS = ("stop", "stop_sequences", "stopSequences", "encoding_format", "embedding_types")
# Objects of Bedrock's and Gemini's bodies that hold parameters, and fields that hold what is asked.
_GROUPS = ("inferenceConfig", "textGenerationConfig", "generationConfig")
_ASKED = ("inputText", "singleEmbeddingParams", "requests")
# The index shortens long values to this.
_SHORTENED = "{…}"
PRESENT = object()


def expected(case: Case, step: Step) -> dict[str, Any]:
    """What the index demands of the span of one call: nothing where it says null."""
    said = {**step.row["expected"], **_corrections(case, step), **_asked_again(step)}
    if case.file.startswith(_TRANSLATED):
        said.update(_translated(said))
    wanted = {name: said[name] for name in _PLAIN if said[name] is not None}
    if "error_type" in wanted:
        wanted["error_type"] = str(wanted["error_type"])
    if wanted.get("error_type") == f"http_{said['error_status']}":
        # The index's own word where the body names no type; botocore gives the status for its code.
        del wanted["error_type"]
        if step.row["client"] == "bedrock":
            wanted["error_type"] = str(said["error_status"])
    wanted.update(_tokens(step, said))
    if said["finish_reason"] is not None:
        wanted["finish_reasons"] = _finish_reasons(step, said["finish_reason"])
    if said["error_class"] is None:
        wanted["tool_calls"] = sorted(said["tool_calls"])
    for name, value in _flat(said["params"]).items():
        wanted.update(_parameter(name, value))
    wanted.update(_outcome(step, said))
    return wanted


# What LiteLLM makes of an answer that is not in OpenAI's shape: its own id, and OpenAI's words and way of counting.
_TRANSLATED = "litellm/anthropic_"
_STOP_REASONS = {"end_turn": "stop", "stop_sequence": "stop", "tool_use": "tool_calls", "max_tokens": "length"}


def _translated(said: dict[str, Any]) -> dict[str, Any]:
    fresh, cached, created = said["input_tokens"], said["cached_tokens"], said["cache_creation_tokens"]
    reason = said["finish_reason"]
    return {
        "response_id": None,
        "input_tokens": None if fresh is None else fresh + (cached or 0) + (created or 0),
        "finish_reason": _STOP_REASONS.get(reason, reason),
    }


_PLAIN = ("model_request", "model_response", "response_id", "error_status", "error_class", "error_type")


def _corrections(case: Case, step: Step) -> dict[str, Any]:
    number = step.row["step"] or 1
    return {
        field: value
        for (file, at, field), (value, _) in known.WRONG_IN_INDEX.items()
        if (file, at) == (case.file, number)
    }


def _asked_again(step: Step) -> dict[str, Any]:
    """What the replay asks for otherwise than the recorded program did: Azure's deployment, which its URL names."""
    return {"model_request": step.model} if step.row["client"] == "azure_openai" and step.model else {}


def _tokens(step: Step, said: dict[str, Any]) -> dict[str, Any]:
    fresh, cached, created = said["input_tokens"], said["cached_tokens"], said["cache_creation_tokens"]
    made = said["output_tokens"]
    if fresh is not None and step.row["client"] in ("anthropic", "bedrock"):
        fresh += (cached or 0) + (created or 0)
    if step.row["provider"] in ("gemini", "vertex") and said["reasoning_tokens"] is not None:
        made = (made or 0) + said["reasoning_tokens"]
    counts = {
        "input": fresh,
        "output": made,
        "total": said["total_tokens"],
        "cache_read": cached,
        "cache_creation": created,
        "reasoning": said["reasoning_tokens"],
    }
    return {f"tokens.{name}": count for name, count in counts.items() if count is not None}


def _finish_reasons(step: Step, said: str) -> list[str]:
    if step.call.startswith("responses.") or said.startswith("blocked:"):
        return [said.partition(":")[2] or said]
    return said.split(",")


def _flat(params: dict[str, Any]) -> dict[str, Any]:
    groups = [params[name] for name in _GROUPS if name in params]
    plain = {name: value for name, value in params.items() if name not in _GROUPS and name not in _ASKED}
    return {name: value for group in (plain, *groups) for name, value in group.items()}


def _parameter(name: str, value: Any) -> dict[str, Any]:
    if value is None or name == "n_embeddings":
        return {} if value is None else {"embeddings": value}
    attribute = _PARAMETERS.get(name, "mutagent.request." + name)
    if name in _LISTS and not isinstance(value, list):
        value = [value]
    return {attribute: PRESENT if value == _SHORTENED else value}


def _outcome(step: Step, said: dict[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"status": "ok" if said["error_class"] is None else "error"}
    if step.row["stream"] and said["error_class"] is None:
        wanted["stream_outcome"] = "completed"
    if "no-usage-in-stream" in step.row["features"]:
        wanted["usage_missing"] = True
    return wanted


def differences(span: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What the span says otherwise than wanted, by fact: ``(wanted, found)``."""
    facts = _facts(span)
    found = {name: facts.get(name) for name in wanted}
    return {
        name: (value, found[name])
        for name, value in wanted.items()
        if not (found[name] == value or (value is PRESENT and found[name] is not None))
    }


def _facts(span: dict[str, Any]) -> dict[str, Any]:
    attributes = span.get("attributes", {})
    tokens = span.get("tokens", {})
    messages = (span.get("output") or {}).get("messages", [])
    return {
        **attributes,
        "model_request": attributes.get("gen_ai.request.model"),
        "model_response": attributes.get("gen_ai.response.model"),
        "response_id": attributes.get("gen_ai.response.id"),
        "error_status": attributes.get("http.response.status_code"),
        "error_class": str(attributes.get("error.type")).rpartition(".")[2],
        "error_type": attributes.get("mutagent.error.type", attributes.get("mutagent.error.code")),
        "tokens.input": tokens.get("input"),
        "tokens.output": tokens.get("output"),
        "tokens.total": tokens.get("total"),
        "tokens.cache_read": attributes.get("gen_ai.usage.cache_read.input_tokens"),
        "tokens.cache_creation": attributes.get("gen_ai.usage.cache_creation.input_tokens"),
        "tokens.reasoning": attributes.get("gen_ai.usage.reasoning.output_tokens"),
        "finish_reasons": attributes.get("gen_ai.response.finish_reasons"),
        "tool_calls": sorted(call["name"] for message in messages for call in message.get("toolCalls", [])),
        "embeddings": ((span.get("output") or {}).get("raw") or {}).get("embeddings")
        if isinstance((span.get("output") or {}).get("raw"), dict)
        else None,
        "status": span["status"],
        "stream_outcome": attributes.get("mutagent.stream.outcome"),
        "usage_missing": "mutagent.usage.missing" in attributes,
    }
