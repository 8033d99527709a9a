"""What a message's span holds of an image, of tools in a tuple, and of a stream of which nothing came."""

from __future__ import annotations

import base64

from tests.integrations.anthropic.cases import MESSAGES
from tests.integrations.contract.program import run
from tests.integrations.ways import SYNC

PIXELS = base64.b64encode(bytes(range(256)) * 8).decode()


def test_an_anthropic_image_is_a_placeholder(serve, captured):
    source = {"type": "base64", "media_type": "image/png", "data": PIXELS}
    messages = [{"role": "user", "content": [{"type": "image", "source": source}]}]
    way = SYNC
    arguments = {"model": "model-1", "max_tokens": 9, "messages": messages}
    run(MESSAGES, way, serve(), lambda client: way.call(MESSAGES.bound(way, client), **arguments))
    (message,) = captured.spans[0]["input"]["messages"]
    digest = message["content"][0]["source"]["data"].pop("digest")
    assert len(digest) == 32
    assert message == {
        "role": "user",
        "content": [{"type": "image", "source": {**source, "data": {"type": "media", "size": 2048}}}],
    }


def test_tools_may_stand_in_a_tuple(serve, captured):
    tool = {"name": "add", "description": "Adds.", "input_schema": {"type": "object", "properties": {}}}
    way = SYNC
    run(
        MESSAGES, way, serve(),
        lambda client: way.call(MESSAGES.bound(way, client), **{**MESSAGES.arguments, "tools": (tool,)}),
    )  # fmt: skip
    assert captured.spans[0]["attributes"]["gen_ai.tool.definitions"] == [tool]


def test_a_stream_that_is_left_unread_has_no_output(serve, captured):
    async def program(client):
        await SYNC.close(await MESSAGES.stream(SYNC, client))

    run(MESSAGES, SYNC, serve(), program)
    assert "output" not in captured.spans[0]
    assert captured.spans[0]["attributes"]["mutagent.stream.outcome"] == "closed"
