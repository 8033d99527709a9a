"""Which integrations there are: pure data, read at the start of every process, so it imports nothing."""

from __future__ import annotations


class Gate:
    """A method of a root that programs import for other reasons: what is traced of it is used when this is called.

    Args:
        path: the method, such as ``"ClientCreator.create_client"``.
        argument: its first parameter, a name.
        values: the names that mean so.
    """

    __slots__ = ("argument", "path", "values")

    def __init__(self, path: str, argument: str, values: frozenset[str]) -> None:
        self.path = path
        self.argument = argument
        self.values = values


class Row:
    """One integration: the modules whose import means that the library is used, and where its spec is.

    A root in ``gates`` is imported for other reasons too; its gate tells when it is used.
    """

    __slots__ = ("gates", "roots", "spec")

    def __init__(self, roots: tuple[str, ...], spec: str, gates: dict[str, Gate] | None = None) -> None:
        self.roots = roots
        self.spec = spec
        self.gates = gates or {}


_BEDROCK = frozenset({"bedrock-runtime", "bedrock-agent-runtime", "bedrock-agentcore"})


INTEGRATIONS: dict[str, Row] = {
    "openai": Row(roots=("openai",), spec="mutagent.integrations.specs.openai:OPENAI"),
    "anthropic": Row(roots=("anthropic",), spec="mutagent.integrations.specs.anthropic:ANTHROPIC"),
    "groq": Row(roots=("groq",), spec="mutagent.integrations.specs.groq:GROQ"),
    "together": Row(roots=("together.resources",), spec="mutagent.integrations.specs.together:TOGETHER"),
    "azure-ai-inference": Row(
        roots=("azure.ai.inference",), spec="mutagent.integrations.specs.azure_inference:AZURE_INFERENCE"
    ),
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
    "instructor": Row(roots=("instructor",), spec="mutagent.integrations.specs.instructor:INSTRUCTOR"),
    "litellm": Row(roots=("litellm",), spec="mutagent.integrations.specs.litellm:LITELLM"),
    "chroma": Row(roots=("chromadb",), spec="mutagent.integrations.specs.chroma:CHROMA"),
    "qdrant": Row(roots=("qdrant_client",), spec="mutagent.integrations.specs.qdrant:QDRANT"),
    "lancedb": Row(roots=("lancedb",), spec="mutagent.integrations.specs.lancedb:LANCEDB"),
    "pymilvus": Row(roots=("pymilvus",), spec="mutagent.integrations.specs.pymilvus:PYMILVUS"),
    "voyageai": Row(roots=("voyageai",), spec="mutagent.integrations.specs.voyageai:VOYAGEAI"),
    "sentence-transformers": Row(
        roots=("sentence_transformers",),
        spec="mutagent.integrations.specs.sentence_transformers:SENTENCE_TRANSFORMERS",
    ),
    "pinecone": Row(roots=("pinecone",), spec="mutagent.integrations.specs.pinecone:PINECONE"),
    "weaviate": Row(
        # A part of `import weaviate` from 4 on; what came before is not traced.
        roots=("weaviate.collections.queries",),
        spec="mutagent.integrations.specs.weaviate:WEAVIATE",
    ),
    "pgvector": Row(roots=("pgvector",), spec="mutagent.integrations.specs.pgvector:PGVECTOR"),
    "langchain": Row(roots=("langchain_core",), spec="mutagent.integrations.specs.langchain:LANGCHAIN"),
    "bedrock": Row(
        roots=("botocore.client", "aiobotocore.client"),
        spec="mutagent.integrations.specs.bedrock:BEDROCK",
        gates={
            "botocore.client": Gate("ClientCreator.create_client", "service_name", _BEDROCK),
            "aiobotocore.client": Gate("AioClientCreator.create_client", "service_name", _BEDROCK),
        },
    ),
    "google-genai": Row(roots=("google.genai",), spec="mutagent.integrations.specs.google:GOOGLE"),
}

ROOTS: tuple[str, ...] = tuple(sorted({root for row in INTEGRATIONS.values() for root in row.roots}))
GATES: dict[str, Gate] = {root: gate for row in INTEGRATIONS.values() for root, gate in row.gates.items()}
