"""The provider's name by the base URL that a client is given."""

from __future__ import annotations

import pytest

from mutagent.integrations.shapes.hosts import PROVIDER_BY_HOST, provider_of

# The well-known values of `gen_ai.provider.name`, in 0.66b2 of the semantic conventions.
WELL_KNOWN = {
    "openai", "gcp.vertex_ai", "gcp.gemini", "anthropic", "cohere", "azure.ai.inference", "azure.ai.openai",
    "ibm.watsonx.ai", "aws.bedrock", "perplexity", "x_ai", "deepseek", "groq", "mistral_ai",
}  # fmt: skip


@pytest.mark.parametrize(
    ("base_url", "provider"),
    [
        # Base URLs from the providers' own documentation.
        ("https://api.openai.com/v1/", "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://my-resource.openai.azure.com/openai/v1/", "azure.ai.openai"),
        ("https://my-resource.services.ai.azure.com/models", "azure.ai.inference"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1", "aws.bedrock"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1", "aws.bedrock"),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "gcp.gemini"),
        ("https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi", "gcp.vertex_ai"),
        ("https://aiplatform.googleapis.com/v1/projects/p/locations/global/endpoints/openapi", "gcp.vertex_ai"),
        ("https://us-south.ml.cloud.ibm.com/ml/gateway/v1", "ibm.watsonx.ai"),
        ("https://api.deepseek.com", "deepseek"),
        ("https://api.x.ai/v1", "x_ai"),
        ("https://us-east-1.api.x.ai/v1", "x_ai"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://api.fireworks.ai/inference/v1", "fireworks"),
        ("https://api.perplexity.ai", "perplexity"),
        ("https://api.together.xyz/v1", "together"),
        ("https://api.together.ai/v1", "together"),
        ("https://api.cerebras.ai/v1", "cerebras"),
        ("https://router.huggingface.co/together/v1", "huggingface"),
        ("https://abc.us-east-1.aws.endpoints.huggingface.cloud/v1/", "huggingface"),
        ("https://dbc-1.cloud.databricks.com/serving-endpoints", "databricks"),
        ("https://api.moonshot.ai/v1", "moonshot"),
        ("https://api.z.ai/api/paas/v4", "zai"),
        ("https://ollama.com/v1", "ollama"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://[::1]:11434/v1", "ollama"),
        ("http://localhost:1234/v1", "lm_studio"),
        # Servers that people run themselves, by the names that they give them.
        ("http://vllm:8000/v1", "vllm"),
        ("http://vllm-service.default.svc.cluster.local/v1", "vllm"),
        ("http://my-sglang:30000/v1", "sglang"),
        ("http://ollama.internal/v1", "ollama"),
        # Anybody's.
        ("http://vllmish:8000/v1", "unknown"),
        ("http://localhost:8000/v1", "unknown"),
        ("https://llm.example.com/v1", "unknown"),
        ("https://notapi.openai.com.example.com/v1", "unknown"),
        ("https://evil-api.deepseek.com.example.com", "unknown"),
        ("https://myapi.deepseek.community", "unknown"),
        ("http://localhost:port/v1", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_base_url_names_its_provider(base_url, provider):
    assert provider_of("OpenAI", base_url, "unknown") == provider


@pytest.mark.parametrize(
    ("class_name", "provider"),
    [("AsyncAzureOpenAI", "azure.ai.openai"), ("AnthropicVertex", "gcp.vertex_ai"), ("BedrockOpenAI", "aws.bedrock")],
)
def test_a_platforms_client_names_its_provider_wherever_it_talks_to(class_name, provider):
    assert provider_of(class_name, "http://127.0.0.1:1/", "unknown") == provider


def test_names_are_the_conventions_or_plain_words():
    assert {name for name in PROVIDER_BY_HOST.values() if not name.isidentifier()} <= WELL_KNOWN
    assert set(PROVIDER_BY_HOST.values()) >= WELL_KNOWN
    assert all(host == host.lower() and "/" not in host and ":" not in host for host in PROVIDER_BY_HOST)
