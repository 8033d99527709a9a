"""What a chat's span holds of media, and of an object that is none of the messages it should be."""

from __future__ import annotations

import base64
import enum
import json
from typing import Any

import pytest

from mutagent import guard
from tests.integrations.contract.program import run
from tests.integrations.openai.cases import CHAT
from tests.integrations.ways import SYNC

PIXELS = base64.b64encode(bytes(range(256)) * 8).decode()


def test_images_audio_and_files_are_placeholders(serve, captured):
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXELS}"}},
        {"type": "input_audio", "input_audio": {"data": PIXELS, "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PIXELS}"}},
    ]
    messages = [{"role": "user", "content": content}]
    way = SYNC
    arguments = {"model": "model-1", "messages": messages}
    run(CHAT, way, serve(), lambda client: way.call(CHAT.bound(way, client), **arguments))
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


class Model(str, enum.Enum):
    """A program's names for its models."""

    SMALL = "model-1"


def test_a_model_may_be_named_by_an_enum_member(serve, captured):
    way = SYNC
    run(CHAT, way, serve(), lambda client: way.call(CHAT.bound(way, client), model=Model.SMALL, messages=[]))
    assert (captured.spans[0]["name"], captured.spans[0]["attributes"]["gen_ai.request.model"]) == (
        "chat model-1", "model-1"
    )  # fmt: skip


class Hostile:
    """An object none of whose methods may be called."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"{name} was read")

    def __repr__(self) -> str:
        raise AssertionError("repr was called")


def test_capturing_runs_no_code_of_the_programs(serve, captured):
    way = SYNC

    async def program(client):
        with pytest.raises(AssertionError):  # the client reads it; we must not be the first to
            await way.call(CHAT.bound(way, client), model="model-1", messages=Hostile())

    run(CHAT, way, serve(), program)
    assert captured.spans[0]["input"] == {"raw": "<tests.integrations.openai.test_content.Hostile>"}
    assert guard.failures == {}
