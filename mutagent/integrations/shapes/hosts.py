"""Who answers behind a base URL: the provider's name, by the host an OpenAI-style client talks to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

# Suffix of the host → provider. OpenTelemetry's well-known names where it has one.
PROVIDER_BY_HOST = {
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "models.inference.ai.azure.com": "azure.ai.inference",
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "x_ai",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "openrouter.ai": "openrouter",
    "together.xyz": "together",
    "together.ai": "together",
    "api.fireworks.ai": "fireworks",
    "api.cerebras.ai": "cerebras",
    "api.sambanova.ai": "sambanova",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.novita.ai": "novita",
    "api.studio.nebius.ai": "nebius",
    "api.deepinfra.com": "deepinfra",
    "api.moonshot.cn": "moonshot",
    "api.moonshot.ai": "moonshot",
    "api.z.ai": "zai",
    "open.bigmodel.cn": "zai",
    "dashscope.aliyuncs.com": "alibaba",
    "dashscope-intl.aliyuncs.com": "alibaba",
    "integrate.api.nvidia.com": "nvidia",
    "router.huggingface.co": "huggingface",
    "api-inference.huggingface.co": "huggingface",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "amazonaws.com": "aws.bedrock",
    "models.github.ai": "github",
    "api.githubcopilot.com": "github",
    "ollama.com": "ollama",
}
# Servers that people run themselves, by the port they listen on unless told otherwise.
PROVIDER_BY_LOCAL_PORT = {11434: "ollama", 1234: "lm_studio"}
# Client classes that say it all by their name.
PROVIDER_BY_CLASS = (
    ("Azure", "azure.ai.openai"),
    ("Bedrock", "aws.bedrock"),
    ("Vertex", "gcp.vertex_ai"),
    ("Foundry", "azure.ai.inference"),
)


@lru_cache(maxsize=256)
def provider_of(class_name: str, base_url: str, default: str) -> str:
    """The provider that a client of this class with this base URL talks to; ``default`` for hosts nobody knows."""
    for part, provider in PROVIDER_BY_CLASS:
        if part in class_name:
            return provider
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    for suffix, provider in PROVIDER_BY_HOST.items():
        if host == suffix or host.endswith("." + suffix):
            return provider
    return PROVIDER_BY_LOCAL_PORT.get(parts.port or 0, default)


def client_of(instance: Any, default: str) -> tuple[str, str | None]:
    """The provider and the base URL of the client behind a resource of a generated client library."""
    client = getattr(instance, "_client", None)
    if client is None:
        return default, None
    base_url = str(getattr(client, "base_url", ""))
    return provider_of(type(client).__name__, base_url, default), base_url or None
