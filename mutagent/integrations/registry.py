"""Which integrations there are: pure data, read at the start of every process, so it imports nothing."""

from __future__ import annotations


class Row:
    """One integration: the modules whose import means that the library is used, and where its spec is."""

    __slots__ = ("roots", "spec")

    def __init__(self, roots: tuple[str, ...], spec: str) -> None:
        self.roots = roots
        self.spec = spec


INTEGRATIONS: dict[str, Row] = {
    "openai": Row(roots=("openai",), spec="mutagent.integrations.specs.openai:OPENAI"),
    "anthropic": Row(roots=("anthropic",), spec="mutagent.integrations.specs.anthropic:ANTHROPIC"),
    "groq": Row(roots=("groq",), spec="mutagent.integrations.specs.groq:GROQ"),
    "mistral": Row(
        # From 2.0 on, and before.
        roots=(
            "mistralai.client",
            "mistralai.sdk",
            "mistralai.azure.client",
            "mistralai.gcp.client",
            "mistralai_azure",
            "mistralai_gcp",
        ),
        spec="mutagent.integrations.specs.mistral:MISTRAL",
    ),
    "cohere": Row(roots=("cohere",), spec="mutagent.integrations.specs.cohere:COHERE"),
    "ollama": Row(roots=("ollama",), spec="mutagent.integrations.specs.ollama:OLLAMA"),
    "huggingface": Row(
        roots=("huggingface_hub.inference._client", "huggingface_hub.inference._generated._async_client"),
        spec="mutagent.integrations.specs.huggingface:HUGGINGFACE",
    ),
    "langchain": Row(roots=("langchain_core",), spec="mutagent.integrations.specs.langchain:LANGCHAIN"),
}

ROOTS: tuple[str, ...] = tuple(sorted({root for row in INTEGRATIONS.values() for root in row.roots}))
