"""What a call of LiteLLM asks for: the same arguments whatever the kind, and many that are not for the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import read, read_str
from mutagent.integrations.shapes import audio, embeddings, images, rerank
from mutagent.integrations.shapes import chat_request as chat_shape
from mutagent.integrations.shapes.request import parameters, streams, text_of
from mutagent.integrations.spec import Request
from mutagent.integrations.specs.litellm.providers import named, otel_name
from mutagent.integrations.specs.openai import responses

Reader = Callable[[dict[str, Any], Any], Request]

# Where the request goes and what LiteLLM does about it; several may hold secrets.
_NOT_FOR_THE_MODEL = frozenset(
    {"api_base", "base_url", "api_version", "organization", "custom_llm_provider", "deployment_id", "model_list",
     "num_retries", "max_retries", "retry_policy", "retry_strategy", "fallbacks", "context_window_fallback_dict",
     "context_window_fallbacks", "content_policy_fallbacks", "disable_fallbacks", "caching", "cache", "ttl",
     "logger_fn", "logging_obj", "verbose", "shared_session", "acompletion", "atext_completion", "aembedding",
     "arerank", "aresponses", "aspeech", "atranscription", "aimg_generation", "is_async", "model_info",
     "proxy_server_request", "preset_cache_key", "no-log", "ssl_verify", "tenant_id", "client_id", "client_secret",
     "user_continue_message", "stream_timeout", "force_timeout", "use_in_pass_through", "use_litellm_proxy",
     "merge_reasoning_content_in_choices", "rpm", "tpm", "weight", "order", "input_cost_per_token",
     "output_cost_per_token", "request_timeout", "original_function", "specific_deployment", "priority",
     "allow_client_keepalive_override", "use_xai_oauth", "fallback_depth", "max_fallbacks", "attempted_targets",
     "documents", "file"}
)  # fmt: skip
_PREFIXES = ("litellm_", "azure_", "aws_", "vertex_", "mock_", "s3_", "gcs_", "watsonx_", "_")
# LiteLLM's own labels, for its callbacks; the router writes where it sends the call.
_LABELS = ("metadata", "litellm_metadata")


def _parameters(given: dict[str, Any]) -> dict[str, Any]:
    found = {
        name: value
        for name, value in parameters(given).items()
        if name not in _NOT_FOR_THE_MODEL and not name.startswith(_PREFIXES)
    }
    if read(found.get("metadata"), "model_group") is not None:
        del found["metadata"]
    return found


def asked(given: dict[str, Any], input: dict[str, Any]) -> Request:
    """A request with what every kind of call takes.

    Args:
        given: the call's arguments by name.
        input: what was asked, in wire form.
    """
    server = text_of(given.get("api_base")) or text_of(given.get("base_url"))
    model, provider = named(given.get("model"), given.get("custom_llm_provider"))
    found: dict[str, Any] = {}
    group = next((group for label in _LABELS if (group := read_str(given.get(label), "model_group"))), None)
    if group is not None:
        found["mutagent.litellm.model_group"] = group
    return Request(
        model=model,
        provider=None if provider is None else otel_name(provider, server),
        input=input,
        parameters=_parameters(given),
        attributes=found,
        server=server,
        streamed=streams(given),
    )


def _for_any_provider(read: Reader) -> Reader:
    """A reader of one of OpenAI's requests as one of LiteLLM's calls, which take the same and more."""

    def request(given: dict[str, Any], instance: Any) -> Request:
        found = read(given, None)
        wanted = asked(given, found.input or {})
        wanted.attributes.update(found.attributes)
        return wanted

    return request


chat_request = _for_any_provider(chat_shape.request_of("openai"))
responses_request = _for_any_provider(responses.request)
prompt_request = _for_any_provider(embeddings.request_of("openai", "prompt"))
input_request = _for_any_provider(embeddings.request_of("openai"))


image_request = _for_any_provider(lambda given, instance: images.asks_for(given, instance, []))
speech_request = _for_any_provider(audio.speech_request_of("openai"))
transcription_request = _for_any_provider(audio.transcription_request_of("openai"))


def rerank_request(given: dict[str, Any], instance: Any) -> Request:
    """The query, and the documents to be put in order."""
    found, attributes = rerank.asked(given.get("query"), given.get("documents"))
    wanted = asked(given, found)
    wanted.attributes.update(attributes)
    return wanted
