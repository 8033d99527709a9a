"""A chat stream tells its usage to those who ask: the program, or we for it."""

from __future__ import annotations

from mutagent.auto import hooks
from mutagent.testing import capture
from tests.integrations.contract.program import every_way, run, seen
from tests.integrations.openai.cases import CHAT, CHAT_SPAN, CHAT_STREAM_SPAN, COUNTS
from tests.integrations.spans import with_attributes


@every_way
def test_usage_that_we_asked_for_is_recorded_and_hidden(way, serve):
    async def program(client):
        stream = await way.call(CHAT.bound(way, client), **CHAT.arguments, stream=True)
        return [chunk.choices[0].delta.content for chunk in await way.rest(stream)]

    alone = run(CHAT, way, serve(), program)
    hooks.install()
    try:
        with capture(stream_usage=True) as captured:
            provider = serve()
            assert run(CHAT, way, provider, program) == alone
    finally:
        hooks.uninstall()
    assert provider.journal[0].body["stream_options"] == {"include_usage": True}
    counts = {name: CHAT_SPAN["attributes"][name] for name in COUNTS if name != "tokens"}
    expected = with_attributes({**CHAT_STREAM_SPAN, "tokens": CHAT_SPAN["tokens"]}, **counts)
    del expected["attributes"]["mutagent.usage.missing"]
    assert seen(captured) == [expected]


@every_way
def test_usage_that_the_program_asked_for_stays_in_its_stream(way, serve, captured):
    async def program(client):
        arguments = {**CHAT.arguments, "stream": True, "stream_options": {"include_usage": True}}
        return await way.rest(await way.call(CHAT.bound(way, client), **arguments))

    assert run(CHAT, way, serve(), program)[-1].usage.total_tokens == 10
    assert captured.spans[0]["tokens"] == {"input": 4, "output": 6, "total": 10}
