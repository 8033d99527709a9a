"""Anthropic's surfaces, and the spans that they must give."""

from __future__ import annotations

from typing import Any

from tests.integrations.spans import with_attributes, without
from tests.integrations.standin import STANDING_IN
from tests.integrations.surfaces import GENERATED, Refusal, Surface, generated_client

HELLO = [{"role": "user", "content": "Say hello."}]
USAGE = {
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "input_tokens": 7,
    "output_tokens": 6,
}
MESSAGE_SPAN: dict[str, Any] = {
    "name": "chat model-1",
    "kind": "llm.chat",
    "status": "ok",
    "input": {"messages": [{"role": "system", "content": "Be kind."}, *HELLO]},
    "output": {"messages": [{"role": "assistant", "content": "You said: Say hello."}]},
    "model": "model-1",
    "provider": "anthropic",
    "tokens": {"input": 7, "output": 6, "total": 13},
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "model-1",
        "gen_ai.request.max_tokens": 9,
        "gen_ai.system_instructions": "Be kind.",
        "gen_ai.response.model": "model-1",
        "gen_ai.response.id": "msg_<ident>",
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 6,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "mutagent.usage.raw": {
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "input_tokens": 7,
            "output_tokens": 6,
            "service_tier": "standard",
        },
        "mutagent.request_id": "req_<ident>",
        "mutagent.response.service_tier": "standard",
        "server.address": "127.0.0.1",
        "server.port": "<port>",
    },
}
STREAM_SPAN = with_attributes(
    MESSAGE_SPAN,
    gen_ai__request__stream=True,
    gen_ai__response__time_to_first_chunk="<seconds>",
    mutagent__stream__outcome="completed",
)
# After `message_start` and `content_block_start`: the output tokens are the provider's first guess.
LEFT_SPAN = with_attributes(
    without(
        {
            **STREAM_SPAN,
            "output": {"messages": [{"role": "assistant", "content": ""}]},
            "tokens": {"input": 7, "output": 1, "total": 8},
        },
        "gen_ai.response.finish_reasons",
    ),
    gen_ai__usage__output_tokens=1,
    mutagent__usage__raw={**MESSAGE_SPAN["attributes"]["mutagent.usage.raw"], "output_tokens": 1},
)
ARGUMENTS = {"model": "model-1", "messages": HELLO, "max_tokens": 9, "system": "Be kind."}
STREAM = {"stream": True}


def _surface(name: str, method: str, module: tuple[str, ...], **more: Any) -> Surface:
    attributes = {f"mutagent__request__{key}": value for key, value in more.items()}
    return Surface(
        "anthropic",
        name,
        "anthropic",
        generated_client("anthropic", "Anthropic"),
        method,
        tuple(f"{place}:{{Async}}Messages.create" for place in module),
        {**ARGUMENTS, **more},
        STANDING_IN,
        Refusal(
            "anthropic.BadRequestError",
            {
                "http.response.status_code": 400,
                "mutagent.error.code": "invalid_request_error",
                "mutagent.error.type": "invalid_request_error",
                "mutagent.request_id": "req_<ident>",
            },
        ),
        broken=("anthropic.APIConnectionError",),
        whole=with_attributes(MESSAGE_SPAN, **attributes),
        streaming=STREAM,
        streamed=with_attributes(STREAM_SPAN, **attributes),
        left=with_attributes(LEFT_SPAN, **attributes),
        **GENERATED,
    )


MESSAGES = _surface(
    "messages", "messages.create", ("anthropic.resources.messages.messages", "anthropic.resources.messages")
)
BETA = _surface(
    "beta messages", "beta.messages.create", ("anthropic.resources.beta.messages.messages",), betas=["beta-1"]
)
SURFACES = (MESSAGES, BETA)
