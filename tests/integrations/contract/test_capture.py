"""What a span holds of a call: what was true when it was made, no secret, no medium; and what happens where we fail."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mutagent import guard
from mutagent.auto import hooks
from mutagent.integrations.specs.openai import chat as spec
from mutagent.testing import capture
from tests.integrations.anthropic.cases import MESSAGES
from tests.integrations.contract.program import every_surface, every_way, run, seen
from tests.integrations.openai.cases import CHAT, HELLO
from tests.integrations.ways import Sync

PIXELS = base64.b64encode(bytes(range(256)) * 8).decode()
SECRETS = ("key-of-the-test", "header-secret", "query-secret")


@every_way
@every_surface
def test_no_secret_is_recorded(surface, way, serve, captured):
    async def program(client):
        arguments = {
            **surface.arguments,
            "extra_headers": {"x-secret": "header-secret", "authorization": "Bearer header-secret"},
            "extra_query": {"token": "query-secret"},
            "timeout": 5.0,
        }
        return await way.call(surface.bound(client), **arguments)

    run(surface, way, serve(), program)
    recorded = json.dumps(captured.spans)
    assert [secret for secret in SECRETS if secret in recorded] == []
    assert "Completions object" not in recorded
    assert len(captured.spans) == 1


@pytest.mark.parametrize("surface", [CHAT, MESSAGES], ids=str)
@every_way
def test_what_is_appended_after_the_call_is_not_in_its_span(surface, way, serve, captured):
    messages = [dict(message) for message in HELLO]

    async def program(client):
        stream = await way.call(surface.bound(client), **{**surface.arguments, "messages": messages}, stream=True)
        messages.append({"role": "assistant", "content": "later"})
        messages[0]["content"] = "changed"
        await way.rest(stream)

    run(surface, way, serve(), program)
    assert seen(captured) == [surface.streamed]


def test_images_audio_and_files_are_placeholders(serve, captured):
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXELS}"}},
        {"type": "input_audio", "input_audio": {"data": PIXELS, "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PIXELS}"}},
    ]
    messages = [{"role": "user", "content": content}]
    way = Sync()
    arguments = {"model": "model-1", "messages": messages}
    run(CHAT, way, serve(), lambda client: way.call(CHAT.bound(client), **arguments))
    medium = {
        "size": 2048,
        "digest": captured.spans[0]["input"]["messages"][0]["content"][2]["input_audio"]["data"]["digest"],
    }
    assert captured.spans[0]["input"]["messages"] == [
        {
            "role": "user",
            "content": [
                content[0],
                {"type": "image_url", "image_url": {"url": {"type": "media", "media_type": "image/png", **medium}}},
                {"type": "input_audio", "input_audio": {"data": {"type": "media", **medium}, "format": "wav"}},
                {
                    "type": "file",
                    "file": {
                        "filename": "a.pdf",
                        "file_data": {"type": "media", "media_type": "application/pdf", **medium},
                    },
                },
            ],
        }
    ]
    assert PIXELS[:100] not in json.dumps(captured.spans)


def test_an_anthropic_image_is_a_placeholder(serve, captured):
    source = {"type": "base64", "media_type": "image/png", "data": PIXELS}
    messages = [{"role": "user", "content": [{"type": "image", "source": source}]}]
    way = Sync()
    arguments = {"model": "model-1", "max_tokens": 9, "messages": messages}
    run(MESSAGES, way, serve(), lambda client: way.call(MESSAGES.bound(client), **arguments))
    (message,) = captured.spans[0]["input"]["messages"]
    digest = message["content"][0]["source"]["data"].pop("digest")
    assert len(digest) == 32
    assert message == {
        "role": "user",
        "content": [{"type": "image", "source": {**source, "data": {"type": "media", "size": 2048}}}],
    }


def test_content_that_is_not_to_be_captured_is_not_recorded(serve):
    way = Sync()
    hooks.install()
    try:
        with capture(capture_inputs=False, capture_outputs=False) as captured:
            run(MESSAGES, way, serve(), lambda client: way.call(MESSAGES.bound(client), **MESSAGES.arguments))
    finally:
        hooks.uninstall()
    (span,) = captured.spans
    assert [name for name in ("input", "output") if span.get(name)] == []
    assert "Say hello" not in json.dumps(span)
    assert "Be kind" not in json.dumps(span)
    assert span["tokens"] == {"input": 7, "output": 6, "total": 13}


class Hostile:
    """An object none of whose methods may be called."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"{name} was read")

    def __repr__(self) -> str:
        raise AssertionError("repr was called")


def test_capturing_runs_no_code_of_the_programs(serve, captured):
    way = Sync()

    async def program(client):
        with pytest.raises(AssertionError):  # the client reads it; we must not be the first to
            await way.call(CHAT.bound(client), model="model-1", messages=Hostile())

    run(CHAT, way, serve(), program)
    assert captured.spans[0]["input"] == {"raw": "<tests.integrations.contract.test_capture.Hostile>"}
    assert guard.failures == {}


@every_way
def test_a_reader_that_fails_leaves_the_call_alone_and_is_switched_off(way, serve, captured, monkeypatch, capfd):
    def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(spec, "client_of", broken)

    async def program(client):
        return [(await way.call(CHAT.bound(client), **CHAT.arguments)).model for _ in range(14)]

    monkeypatch.setattr(guard, "_said", set())
    monkeypatch.setattr("mutagent.integrations.shapes.chat.usage", broken)
    assert run(CHAT, way, serve(), program) == ["model-1"] * 14
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("mutagent: ")]
    assert len(said) == 1
    assert "is no longer traced" in said[0]
    # Both readers fail in each call, so that five calls make ten failures.
    assert [span["name"] for span in captured.spans] == ["chat"] * 5
    guard.forget()
