"""What is known of the recorded traffic beforehand, as data."""

from __future__ import annotations

# Client of a case → its distribution, and the major version from which every recording plays.
CLIENTS = {
    "openai": ("openai", 3),
    "azure_openai": ("openai", 3),
    "anthropic": ("anthropic", 2),
    "groq": ("groq", 1),
    "mistral": ("mistralai", 3),
    "cohere_v1": ("cohere", 7),
    "cohere_v2": ("cohere", 7),
    # No release of it is of a major version yet: what an installed one lacks is always asked.
    "ollama": ("ollama", 1),
    "bedrock": ("boto3", 1),
    "gemini": ("google-genai", 3),
    "litellm": ("litellm", 1),
    "vertex": ("google-genai", 3),
}

# Clients that are not installed beside the others → the environment of tox in which all of their cases must run.
ELSEWHERE = {"litellm": "litellm-newest"}

# Calls that make no span, by pattern: they ask no model for anything. An OpenAI batch is submitted as a file's id.
NOT_TRACED = (
    "batches.*",
    "beta.assistants.*",
    "beta.threads.create",
    "beta.threads.messages.*",
    "*messages.batches.retrieve",
    "*messages.batches.list",
    "*messages.batches.cancel",
    "*messages.batches.delete",
    "containers.*",
    "conversations.*",
    "files.*",
    "beta.files.*",
    "fine_tuning.*",
    "models.list",
    "models.retrieve",
    "models.delete",
    "beta.models.*",
    "*count_tokens",
    "responses.input_items.*",
    "responses.input_tokens.*",
    "vector_stores.*",
    "uploads.*",
    "videos.*",
)

# (file, step, field) → (what the recorded body says, why the index differs).
_ONE_REASON = "LiteLLM streams several choices and passes on one finish reason, that of the last"
WRONG_IN_INDEX: dict[tuple[str, int, str], tuple[object, str]] = {
    ("litellm/openai_chat_stream_n-1_no-usage-in-stream_gpt-3.5-turbo.yaml", 1, "finish_reason"): ("stop", _ONE_REASON),
    ("litellm/openai_chat_stream_n-1_usage-in-stream_gpt-3.5-turbo.yaml", 1, "finish_reason"): ("stop", _ONE_REASON),
}
