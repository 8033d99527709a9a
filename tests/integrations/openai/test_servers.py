"""Servers that people run themselves are named by their answers, where their address says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.openai.program import every_way, run
from tests.integrations.routes import Reply, events, serving

MESSAGE = {"role": "assistant", "content": "Hi."}
WHOLE: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "model-1",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
CHUNK: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "model-1",
    "choices": [{"index": 0, "delta": MESSAGE, "finish_reason": None}],
}
LAST: dict[str, Any] = {**CHUNK, "choices": [], "usage": WHOLE["usage"]}
TIMINGS = {"prompt_n": 1, "prompt_ms": 2.0, "predicted_n": 1, "predicted_ms": 2.0}
# What they add to OpenAI's shape, in the field names of their own sources.
ANSWERS = {
    "vllm": {"service_tier": None, "system_fingerprint": None, "prompt_logprobs": None, "kv_transfer_params": None},
    "llama_cpp": {"system_fingerprint": "b6097-9515c613", "timings": TIMINGS},
    "sglang": {"metadata": {"weight_version": "default"}},
    "ollama": {"system_fingerprint": "fp_ollama"},
    "openai": {"system_fingerprint": "fp_1", "service_tier": "default"},
}
ASK = {"model": "model-1", "messages": [{"role": "user", "content": "Hello."}]}


@every_way
@pytest.mark.parametrize("server", ANSWERS)
@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "raw"])
def test_a_whole_answer_names_its_server(way, server, raw, captured):
    method = f"chat.completions.{'with_raw_response.' if raw else ''}create"
    with serving({"/chat/completions": [Reply({**WHOLE, **ANSWERS[server]})]}) as url:
        run(way, url, method, lambda create: way.call(create, **ASK))
    (span,) = captured.spans
    assert (span["provider"], span["attributes"]["gen_ai.provider.name"]) == (server, server)


@every_way
@pytest.mark.parametrize(
    ("server", "first", "last"),
    [("ollama", ANSWERS["ollama"], {}), ("llama_cpp", {}, ANSWERS["llama_cpp"]), ("openai", {}, {})],
)
def test_a_stream_names_its_server(way, server, first, last, captured):
    async def program(create):
        return await way.rest(await way.call(create, **ASK, stream=True))

    reply = events({**CHUNK, **first}, {**LAST, **last}, named=None)
    with serving({"/chat/completions": [reply]}) as url:
        run(way, url, "chat.completions.create", program)
    (span,) = captured.spans
    assert span["provider"] == server
