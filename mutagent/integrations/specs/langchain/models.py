"""What a model's run asks for and what it gave, as LangChain tells it."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import is_blank, read, read_filled, read_int, read_list, read_path, read_str
from mutagent.capture.snapshot import Snapshot, snapshot
from mutagent.integrations import facts
from mutagent.integrations.shapes.request import parameters
from mutagent.integrations.spec import Response, Usage
from mutagent.integrations.specs.langchain.values import Values, message
from mutagent.tracing.span import MutagentSpan

# LangChain's names of providers → OpenTelemetry's. Others go by their own.
PROVIDERS = {
    "azure": "azure.ai.openai", "azure_ai": "azure.ai.inference", "amazon_bedrock": "aws.bedrock",
    "bedrock": "aws.bedrock", "google_genai": "gcp.gemini", "google_vertexai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai", "mistral": "mistral_ai", "mistralai": "mistral_ai", "xai": "x_ai",
}  # fmt: skip
# Not parameters of the request, or told better by the client: whether it streams is decided after LangChain says so.
_NOT_PARAMETERS = frozenset({"_type", "model_name", "model_id", "engine", "deployment_name", "stream", "streaming"})


def model_name(params: Any, metadata: Any) -> str | None:
    """The model asked for."""
    for source, names in (
        (params, ("model", "model_name", "model_id", "deployment_name")),
        (metadata, ("ls_model_name",)),
    ):
        for name in names:
            found = read_str(source, name)
            if found:
                return found
    return None


def request_attributes(operation: str, params: Any, metadata: Any) -> dict[str, Any]:
    """What is asked for, by OpenTelemetry's names."""
    attributes: dict[str, Any] = {"gen_ai.operation.name": operation}
    model = model_name(params, metadata)
    if model is not None:
        attributes["gen_ai.request.model"] = model
    if type(params) is not dict:
        return attributes
    tools = read_filled(params, "tools", "functions")
    if tools is not None:
        attributes["gen_ai.tool.definitions"] = Snapshot().take(tools)
    asked = {name: value for name, value in parameters(params).items() if name not in _NOT_PARAMETERS}
    facts.apply_parameters(attributes, asked)
    return attributes


def chat_input(messages: Any) -> dict[str, Any]:
    """The conversation sent to a chat model; LangChain gives it within a list of one."""
    budget = Values()
    found = read_messages(messages)
    return {"messages": budget.sequence(found, lambda item: message(item, budget))}


def read_messages(messages: Any) -> list[Any]:
    """The one conversation of a run."""
    first = messages[0] if type(messages) is list and messages else ()
    return list(first) if type(first) in (list, tuple) else []


def text_input(prompts: Any) -> dict[str, Any]:
    """The prompt sent to a text model."""
    return {"text": Snapshot().take(prompts[0] if type(prompts) is list and prompts else prompts)}


def response(result: Any) -> Response:
    """What an ``LLMResult`` says."""
    generations = [
        item for group in read_list(result, "generations")[:1] for item in (group if type(group) is list else [])
    ]
    found = Response()
    if not generations:
        return found
    budget = Values()
    answers = [read(generation, "message") for generation in generations]
    if answers[0] is None:
        texts = [budget.take(read(generation, "text")) for generation in generations]
        found.output = {"text": texts[0]} if len(texts) == 1 else {"raw": texts}
    else:
        found.output = {"messages": [message(answer, budget) for answer in answers if answer is not None]}
    said = read(answers[0], "response_metadata")
    told = read(result, "llm_output")
    found.model = read_str(said, "model_name") or read_str(said, "model") or read_str(told, "model_name")
    found.id = read_str(said, "id")
    found.finish_reasons = [reason for item in generations if (reason := _finish_reason(item)) is not None]
    found.usage = usage(read(answers[0], "usage_metadata")) or _reported(read(told, "token_usage"))
    return found


def _finish_reason(generation: Any) -> str | None:
    said = read_path(generation, "message", "response_metadata")
    for source in (said, read(generation, "generation_info")):
        for name in ("finish_reason", "stop_reason", "done_reason", "stopReason"):
            reason = read_str(source, name)
            if reason is not None:
                return reason
    return None


def usage(told: Any) -> Usage | None:
    """A message's ``usage_metadata``: its input includes both cache parts, its output includes reasoning."""
    if told is None:
        return None
    given, made = read(told, "input_token_details"), read(told, "output_token_details")
    return Usage(
        input=read_int(told, "input_tokens"),
        output=read_int(told, "output_tokens"),
        total=read_int(told, "total_tokens"),
        cache_read=read_int(given, "cache_read"),
        cache_creation=read_int(given, "cache_creation"),
        reasoning=read_int(made, "reasoning"),
        input_audio=read_int(given, "audio"),
        output_audio=read_int(made, "audio"),
        raw=snapshot(told),
    )


def _reported(told: Any) -> Usage | None:
    """What older models put beside the answer; several prompts of one request report once."""
    if is_blank(told):
        return None
    return Usage(
        input=read_int(told, "prompt_tokens"), output=read_int(told, "completion_tokens"),
        total=read_int(told, "total_tokens"), raw=snapshot(told),
    )  # fmt: skip


def fill_gaps(span: MutagentSpan, found: Response, metadata: Any, keep_output: bool) -> None:
    """Record what the model's client has not told already: it knows better."""
    attributes, metrics = span.attributes, span.metrics
    if found.model is not None and "gen_ai.response.model" not in attributes:
        metrics.model = attributes["gen_ai.response.model"] = found.model
    provider = read_str(metadata, "ls_provider")
    if provider is not None and metrics.provider is None:
        metrics.provider = attributes["gen_ai.provider.name"] = PROVIDERS.get(provider, provider)
    if found.id is not None:
        attributes.setdefault("gen_ai.response.id", found.id)
    if found.finish_reasons:
        attributes.setdefault("gen_ai.response.finish_reasons", found.finish_reasons)
    if found.usage is not None and metrics.input_tokens is None and metrics.output_tokens is None:
        attributes.pop("mutagent.usage.missing", None)
        facts.apply_usage(span, found.usage)
    if keep_output and span.output is None:
        span.output = found.output
