"""Which provider LiteLLM sends a call to, and the model's name there."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from mutagent.capture.plain import as_str, class_attribute, get, loaded, read_str
from mutagent.integrations.shapes.hosts import provider_of

# LiteLLM's name → OpenTelemetry's, where the two differ.
_OTEL_NAMES = {
    "azure": "azure.ai.openai",
    "azure_text": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "sagemaker": "aws.sagemaker",
    "sagemaker_chat": "aws.sagemaker",
    "gemini": "gcp.gemini",
    "palm": "gcp.gemini",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "anthropic_text": "anthropic",
    "cohere_chat": "cohere",
    "mistral": "mistral_ai",
    "codestral": "mistral_ai",
    "text-completion-codestral": "mistral_ai",
    "text-completion-openai": "openai",
    "custom_openai": "openai",
    "xai": "x_ai",
    "ollama_chat": "ollama",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "hosted_vllm": "vllm",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
    "moonshot": "moonshot",
    "dashscope": "alibaba",
    "nvidia_nim": "nvidia",
    "github_copilot": "github",
}
# Clients that talk to any host that speaks OpenAI's protocol.
_BY_HOST = frozenset({"openai", "custom_openai", "text-completion-openai", "openai_like"})
_RESPONSE_ID = "resp_"


def otel_name(provider: str, server: str | None) -> str:
    """OpenTelemetry's name of a provider that LiteLLM names; by its host where the name only says the protocol."""
    if provider.startswith("vertex_ai-"):
        return "gcp.vertex_ai"
    name = _OTEL_NAMES.get(provider, provider)
    return provider_of("", server, name) if provider in _BY_HOST and server is not None else name


def named(model: Any, provider: Any) -> tuple[str | None, str | None]:
    """The model's name at its provider, and the provider by LiteLLM's name, of what a program asked for.

    ``"anthropic/claude-sonnet-4"`` names both; ``"gpt-4o"`` leaves the choice to LiteLLM, which tells with the answer.
    """
    model, provider = as_str(model), as_str(provider) or None
    if model is None:
        return None, provider
    prefix, slash, name = model.partition("/")
    if not slash or not name:
        return model, provider
    if provider is not None:
        return (name if prefix == provider else model), provider
    return (name, prefix) if _is_provider(prefix) else (model, None)


def _is_provider(name: str) -> bool:
    """Whether LiteLLM knows a provider of this name, or the program has told it of one."""
    known = class_attribute(loaded("litellm.types.utils", "LlmProviders") or type, "_value2member_map_")
    custom = loaded("litellm", "_custom_providers")
    return (type(known) is dict and name in known) or (type(custom) is list and name in custom)


def served(hidden: Any) -> str | None:
    """Who served an answer, by LiteLLM's name, as it is said beside the answer."""
    provider = read_str(hidden, "custom_llm_provider")
    if provider:
        return provider
    name = get(hidden, "litellm_model_name")
    return named(name, None)[1]


def own_id(identity: Any) -> tuple[Any, str | None]:
    """A response's id at its provider, and the provider: LiteLLM packs both into ids of the Responses API."""
    if type(identity) is not str or not identity.startswith(_RESPONSE_ID):
        return identity, None
    try:
        packed = base64.b64decode(identity[len(_RESPONSE_ID) :], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return identity, None
    parts = dict(part.partition(":")[::2] for part in packed.removeprefix("litellm:").split(";"))
    if "response_id" not in parts:
        return identity, None
    return parts["response_id"], parts.get("custom_llm_provider") or None
