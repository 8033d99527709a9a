"""Anthropic's clients for other platforms: the same methods, some of them copied into classes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.integrations.anthropic import wrap_anthropic
from mutagent.testing import capture
from tests.integrations.anthropic.cases import ARGUMENTS, MESSAGE_SPAN
from tests.integrations.canned import answering, streaming
from tests.integrations.contract.program import every_way, seen
from tests.integrations.spans import with_attributes, without
from tests.integrations.surfaces import attribute

anthropic = pytest.importorskip("anthropic")

ROOT = Path(__file__).parents[3]
USAGE = {"input_tokens": 7, "output_tokens": 6}
ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "model-1",
    "content": [{"type": "text", "text": "You said: Say hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}
EVENTS = (
    {"type": "message_start", "message": {**ANSWER, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "You said: Say hello."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 6}},
    {"type": "message_stop"},
)
SPAN = with_attributes(
    without(
        MESSAGE_SPAN,
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "mutagent.request_id",
        "mutagent.response.service_tier",
    ),
    gen_ai__response__id="msg_1",
    mutagent__usage__raw=USAGE,
)
VERTEX = ("AnthropicVertex", {"region": "here", "project_id": "project", "access_token": "key-of-the-test"})
BEDROCK = ("AnthropicBedrock", {"aws_region": "here", "api_key": "key-of-the-test"})
FOUNDRY = ("AnthropicFoundry", {"api_key": "key-of-the-test"})
PROVIDERS = {
    "AnthropicVertex": "gcp.vertex_ai",
    "AnthropicBedrock": "aws.bedrock",
    "AnthropicFoundry": "azure.ai.inference",
}
METHODS = ("messages.create", "beta.messages.create")
every_platform = pytest.mark.parametrize(
    ("cls", "options"), [VERTEX, BEDROCK, FOUNDRY], ids=lambda value: str(value)[:18]
)
every_method = pytest.mark.parametrize("method", METHODS)


def client_of(way: Any, cls: str, options: dict[str, Any], url: str) -> Any:
    found = getattr(anthropic, way.parts["Async"] + cls, None)
    if found is None:
        pytest.skip(f"anthropic {anthropic.__version__} has no {cls}")
    try:
        return found(base_url=url, max_retries=0, **options)
    except TypeError as error:
        pytest.skip(f"anthropic {anthropic.__version__}: {error}")


def span_of(cls: str, **attributes: Any) -> dict[str, Any]:
    provider = PROVIDERS[cls]
    return with_attributes({**SPAN, "provider": provider}, gen_ai__provider__name=provider, **attributes)


async def call(way: Any, client: Any, method: str, **more: Any) -> Any:
    try:
        found = attribute(client, method)
        if found is None:
            pytest.skip(f"anthropic {anthropic.__version__} has no {method} here")
        return await way.call(found, **ARGUMENTS, **more)
    finally:
        if not more:
            await way.close(client)


@every_way
@every_platform
@every_method
def test_a_platforms_call_is_one_whole_span(cls, options, method, way, captured):
    with answering(ANSWER) as url:
        answer = way.run(call(way, client_of(way, cls, options, url), method))
    assert answer.content[0].text == "You said: Say hello."
    assert seen(captured) == [span_of(cls)]


@every_way
@pytest.mark.parametrize(("cls", "options"), [VERTEX, FOUNDRY], ids=lambda value: str(value)[:18])
@every_method
def test_a_platforms_stream_is_one_whole_span(cls, options, method, way, captured):
    async def program() -> Any:
        client = client_of(way, cls, options, url)
        chunks = await way.rest(await call(way, client, method, stream=True))
        await way.close(client)
        return chunks

    with streaming(*EVENTS, named=True) as url:
        assert len(way.run(program())) == len(EVENTS)
    streamed = {
        "gen_ai__request__stream": True,
        "gen_ai__response__time_to_first_chunk": "<seconds>",
        "mutagent__stream__outcome": "completed",
    }
    assert seen(captured) == [span_of(cls, **streamed)]


@every_way
@pytest.mark.parametrize("method", ["messages.stream", "beta.messages.stream"])
def test_a_platforms_helper_is_one_span(method, way, captured):
    async def program() -> Any:
        client = client_of(way, *VERTEX, url)
        make = attribute(client, method)
        if make is None:
            pytest.skip(f"anthropic {anthropic.__version__} has no {method} on Vertex")
        manager = make(**ARGUMENTS)
        stream = await way.enter(manager)
        text = await way.wait(stream.get_final_text())
        await way.leave(manager)
        await way.close(client)
        return text

    with streaming(*EVENTS, named=True) as url:
        assert way.run(program()) == "You said: Say hello."
    assert [(span["name"], span["provider"]) for span in seen(captured)] == [("chat model-1", "gcp.vertex_ai")]


@every_way
@every_platform
def test_the_copy_of_a_wrapped_platform_client_is_traced_and_others_are_not(cls, options, way):
    with answering(ANSWER) as url, capture() as captured:
        try:
            wrapped = wrap_anthropic(client_of(way, cls, options, url))

            async def program() -> None:
                for client in (wrapped.copy(timeout=9.0), wrapped.with_options(timeout=9.0)):
                    await way.call(client.messages.create, **ARGUMENTS)
                    await way.call(client.beta.messages.create, **ARGUMENTS)
                other = client_of(way, cls, options, url)
                await way.call(other.beta.messages.create, **ARGUMENTS)
                for client in (wrapped, other):
                    await way.close(client)

            way.run(program())
        finally:
            hooks.uninstall()
    assert seen(captured) == [span_of(cls)] * 4


COPIED_BEFORE_OR_AFTER = """
import sys
early = sys.argv[1] == "early"
from mutagent.auto import hooks
if early:
    hooks.install()
import anthropic
from anthropic.resources.beta.messages.messages import Messages
from anthropic.lib.vertex._beta_messages import Messages as Copied
hooks.install()
print(Copied.create is Messages.create, hasattr(Copied.create, "__wrapped__"))
hooks.uninstall()
print(Copied.create is Messages.create, "__mutagent_original__" in vars(Copied.create))
"""


@pytest.mark.parametrize(("moment", "same"), [("early", True), ("late", False)])
def test_copied_methods_are_patched_and_restored_whenever_the_copy_was_made(moment, same):
    result = subprocess.run(
        [sys.executable, "-c", COPIED_BEFORE_OR_AFTER, moment],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (result.stdout, result.stderr) == (f"{same} True\nTrue False\n", "")
