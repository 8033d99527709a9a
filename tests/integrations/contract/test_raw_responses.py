"""Raw and streaming responses: the program reads them in its own way, once, and the span has what can be known."""

from __future__ import annotations

from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.testing import capture
from tests.integrations.contract.program import every_generated_call, every_generated_stream, run, seen
from tests.integrations.spans import with_attributes
from tests.integrations.surfaces import attribute

RAW = ("with_raw_response", "with_streaming_response")


def raw(surface: Any, client: Any, kind: str) -> Any:
    """The method's raw twin."""
    *path, method = surface.method.split(".")
    return getattr(getattr(attribute(client, ".".join(path)), kind), method)


@every_generated_call
def test_a_raw_response_that_is_parsed_is_one_whole_span(surface, way, server_of, captured):
    async def program(client):
        response = await way.call(raw(surface, client, "with_raw_response"), **surface.arguments)
        first, second = await way.wait(response.parse()), await way.wait(response.parse())
        assert first is second
        return first

    assert surface.plain(run(surface, way, server_of(surface), program))
    assert seen(captured) == [surface.whole]


@every_generated_call
def test_a_raw_response_that_is_never_parsed_is_the_same_span(surface, way, server_of, captured):
    async def program(client):
        response = await way.call(raw(surface, client, "with_raw_response"), **surface.arguments)
        return response.http_response.json()

    assert run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.whole]


@every_generated_stream
def test_a_raw_response_parsed_into_a_stream_is_the_span_of_the_stream(surface, way, server_of, captured):
    async def program(client):
        create = raw(surface, client, "with_raw_response")
        response = await way.call(create, **surface.arguments, **surface.streaming)
        return await way.rest(await way.wait(response.parse()))

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.here(surface.streamed)]


@every_generated_call
def test_a_streaming_response_that_is_parsed_is_one_whole_span(surface, way, server_of, captured):
    async def program(client):
        manager = raw(surface, client, "with_streaming_response")(**surface.arguments)
        response = await way.enter(manager)
        answer = await way.wait(response.parse())
        await way.leave(manager)
        return answer

    assert surface.plain(run(surface, way, server_of(surface), program))
    assert seen(captured) == [surface.whole]


@every_generated_call
def test_a_streaming_response_read_as_json_is_one_whole_span(surface, way, server_of, captured):
    async def program(client):
        manager = raw(surface, client, "with_streaming_response")(**surface.arguments)
        response = await way.enter(manager)
        answer = await way.wait(response.json())
        await way.leave(manager)
        return answer

    assert run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.whole]


@every_generated_stream
def test_a_streaming_response_parsed_into_a_stream_is_the_span_of_the_stream(surface, way, server_of, captured):
    async def program(client):
        manager = raw(surface, client, "with_streaming_response")(**surface.arguments, **surface.streaming)
        response = await way.enter(manager)
        chunks = await way.rest(await way.wait(response.parse()))
        await way.leave(manager)
        return chunks

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.here(surface.streamed)]


@every_generated_stream
def test_a_streaming_response_read_by_lines_keeps_what_was_asked(surface, way, server_of, captured):
    async def program(client):
        manager = raw(surface, client, "with_streaming_response")(**surface.arguments, **surface.streaming)
        response = await way.enter(manager)
        lines = await way.rest(response.iter_lines())
        await way.leave(manager)
        return lines

    def answered(name: str) -> bool:
        return name.startswith(("gen_ai.response", "gen_ai.usage", "mutagent.response", "mutagent.usage", "openai."))

    assert run(surface, way, server_of(surface), program)[0].startswith(("data: ", "event: "))
    expected = {name: value for name, value in surface.streamed.items() if name not in ("output", "tokens")}
    asked = {name: value for name, value in surface.streamed["attributes"].items() if not answered(name)}
    assert seen(captured) == [with_attributes({**expected, "attributes": asked}, mutagent__stream__outcome="closed")]


@every_generated_stream
@pytest.mark.parametrize("kind", RAW)
def test_a_raw_response_gives_what_it_gives_without_us(surface, way, kind, server_of):
    async def program(client):
        given = raw(surface, client, kind)(**surface.arguments)
        entered = await way.enter(given) if kind == "with_streaming_response" else await way.wait(given)
        answer = await way.wait(entered.parse())
        looks = (type(entered), sorted(dir(entered)), type(answer), answer.model_dump())
        if kind == "with_streaming_response":
            await way.leave(given)
        return looks

    alone = run(surface, way, server_of(surface), program)
    hooks.install()
    try:
        with capture():
            assert run(surface, way, server_of(surface), program) == alone
    finally:
        hooks.uninstall()
