"""The clients' ``.stream()`` helpers: one span, in whichever way the program reads them or leaves them."""

from __future__ import annotations

import gc
import inspect
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integrations.anthropic import cases as anthropic
from tests.integrations.contract.program import every_way, run, seen
from tests.integrations.openai import cases as openai
from tests.integrations.surfaces import Surface, attribute
from tests.integrations.ways import SYNC


@dataclass(frozen=True)
class Helper:
    """A ``.stream()`` method, where it stands in newer and older versions, and what reads its stream to the end."""

    surface: Surface
    paths: tuple[str, ...]
    readers: tuple[str, ...]
    text_streams: bool = False

    def __str__(self) -> str:
        return self.paths[0]

    def manager(self, client: Any, **more: Any) -> Any:
        """What the method gives before it is entered."""
        found = [method for path in self.paths if (method := attribute(client, path)) is not None]
        if not found:
            pytest.skip(f"this {self.surface.library} has no {self.paths[0]}")
        return found[0](**self.surface.arguments, **more)


HELPERS = (
    Helper(
        openai.CHAT,
        ("chat.completions.stream", "beta.chat.completions.stream"),
        ("get_final_completion", "until_done"),
    ),
    Helper(openai.RESPONSES, ("responses.stream",), ("get_final_response", "until_done")),
    Helper(
        anthropic.MESSAGES,
        ("messages.stream",),
        ("get_final_message", "get_final_text", "until_done"),
        text_streams=True,
    ),
    Helper(
        anthropic.BETA,
        ("beta.messages.stream",),
        ("get_final_message", "get_final_text", "until_done"),
        text_streams=True,
    ),
)
every_helper = pytest.mark.parametrize("helper", HELPERS, ids=str)
READERS = [(helper, reader) for helper in HELPERS for reader in helper.readers]


@every_way
@every_helper
def test_a_helper_that_is_iterated_is_one_whole_span(helper, way, serve, captured):
    async def program(client):
        manager = helper.manager(client)
        events = await way.rest(await way.enter(manager))
        await way.leave(manager)
        return events

    assert run(helper.surface, way, serve(), program)
    assert seen(captured) == [helper.surface.streamed]


@every_way
@pytest.mark.parametrize(("helper", "reader"), READERS, ids=lambda value: str(value))
def test_a_helper_that_is_read_by_a_method_is_one_whole_span(helper, reader, way, serve, captured):
    async def program(client):
        manager = helper.manager(client)
        stream = await way.enter(manager)
        await way.wait(getattr(stream, reader)())
        await way.leave(manager)

    run(helper.surface, way, serve(), program)
    assert seen(captured) == [helper.surface.streamed]


@every_way
@pytest.mark.parametrize("helper", [helper for helper in HELPERS if helper.text_streams], ids=str)
def test_a_helper_read_as_text_is_one_whole_span(helper, way, serve, captured):
    async def program(client):
        manager = helper.manager(client)
        stream = await way.enter(manager)
        text = await way.rest(stream.text_stream)
        await way.leave(manager)
        return "".join(text)

    assert run(helper.surface, way, serve(), program) == "You said: Say hello."
    assert seen(captured) == [helper.surface.streamed]


@every_way
@every_helper
def test_a_helper_that_is_left_early_ends_its_span(helper, way, serve, captured):
    async def program(client):
        manager = helper.manager(client)
        stream = await way.enter(manager)
        await way.next(stream)
        await way.leave(manager)
        return seen(captured)

    (span,) = run(helper.surface, way, serve(), program)
    assert span["attributes"]["mutagent.stream.outcome"] == "closed"
    assert span["status"] == "ok"
    assert span["attributes"]["gen_ai.response.id"] == helper.surface.streamed["attributes"]["gen_ai.response.id"]


@every_helper
def test_a_helper_that_is_entered_and_forgotten_ends_its_span(helper, serve, captured):
    way = SYNC

    async def program(client):
        manager = helper.manager(client)
        stream = await way.enter(manager)
        await way.next(stream)
        del manager, stream
        gc.collect()
        return seen(captured)

    (span,) = run(helper.surface, way, serve(), program)
    assert span["attributes"]["mutagent.stream.outcome"] == "abandoned"


@every_way
@every_helper
def test_a_helper_that_is_never_entered_makes_no_span(helper, way, serve, captured):
    async def program(client):
        for made in vars(helper.manager(client)).values():
            if inspect.iscoroutine(made):
                made.close()  # the async helpers make the request's coroutine beforehand

    run(helper.surface, way, serve(), program)
    assert captured.spans == []


@every_way
@every_helper
def test_an_exception_in_the_block_closes_the_span(helper, way, serve, captured):
    async def program(client):
        manager = helper.manager(client)
        stream = await way.enter(manager)
        await way.next(stream)
        try:
            raise KeyError("the program's own")
        except KeyError as error:
            await way.wait(getattr(manager, f"__{way.parts['a']}exit__")(KeyError, error, None))
        return [span["status"] for span in captured.spans]

    assert run(helper.surface, way, serve(), program) == ["ok"]
    outcome = captured.spans[0]["attributes"]["mutagent.stream.outcome"]
    assert outcome == "closed"


@every_way
def test_a_parsed_helper_gives_the_model_and_the_span_its_text(way, serve, captured):
    from pydantic import BaseModel

    class City(BaseModel):
        name: str

    helper = HELPERS[0]

    async def program(client):
        manager = helper.manager(client, response_format=City)
        stream = await way.enter(manager)
        completion = await way.wait(stream.get_final_completion())
        await way.leave(manager)
        return type(completion.choices[0].message.parsed).__name__

    assert run(helper.surface, way, serve(), program) == "City"
    assert len(captured.spans) == 1
    assert captured.spans[0]["output"] == {"messages": [{"role": "assistant", "content": '{"name": "text"}'}]}
