"""``with_raw_response``: the same spans, whole answers and streams, once each; responses stay the client's."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.testing import CapturedSpans
from tests.integrations.cohere.cases import REFUSED, SURFACES
from tests.integrations.situations import Situation
from tests.integrations.spans import normal
from tests.integrations.surfaces import Surface, attribute
from tests.integrations.ways import SYNC, WAYS, Way

pytest.importorskip("cohere.v2.raw_client")
OF_NAME = {surface.name: surface for surface in SURFACES}
WHOLE = [
    surface
    for surface in SURFACES
    if surface.whole is not None and "raw" not in surface.name and surface.name != "v1 embed"
]
STREAMED = [surface for surface in SURFACES if surface.streamed is not None]
every_way = pytest.mark.parametrize("way", WAYS, ids=repr)
every_stream = pytest.mark.parametrize("surface", STREAMED, ids=str)
Program = Callable[[Callable[..., Any]], Awaitable[Any]]


def run(surface: Surface, way: Way, program: Program, situation: Situation = Situation.ANSWERED) -> Any:
    """Run ``program(method)`` with the surface's method by which a raw response is had."""

    async def with_client(url: str) -> Any:
        client = surface.make(way, url)
        try:
            return await program(attribute(client, f"with_raw_response.{surface.method}"))
        finally:
            assert surface.close is not None
            await surface.close(way, client)

    with closing(surface.serve(situation)) as server:
        return way.run(with_client(server.url))


@every_way
@pytest.mark.parametrize("surface", WHOLE, ids=str)
def test_an_answer_is_the_same_span_once(surface: Surface, way: Way, captured: CapturedSpans) -> None:
    response = run(surface, way, lambda method: way.call(method, **surface.arguments))
    assert ("content-type" in response.headers, response.data is None) == (True, False)
    assert [normal(span) for span in captured.spans] == [surface.whole]


@every_way
@every_stream
def test_a_stream_that_is_read_out_is_the_same_span_once(surface: Surface, way: Way, captured: CapturedSpans) -> None:
    async def program(method: Any) -> Any:
        manager = method(**surface.arguments)
        response = await way.enter(manager)
        pieces = await way.rest(response.data)
        await way.leave(manager)
        return type(manager).__name__, response.headers["content-type"], pieces

    traced = run(surface, way, program)
    assert [normal(span) for span in captured.spans] == [surface.streamed]
    hooks.uninstall()
    assert traced == run(surface, way, program)


@every_way
@every_stream
def test_a_block_that_is_left_early_keeps_what_had_arrived(surface: Surface, way: Way, captured: CapturedSpans) -> None:
    async def program(method: Any) -> None:
        manager = method(**surface.arguments)
        response = await way.enter(manager)
        pieces = way.iterator(response.data)
        await way.next(pieces)
        await way.next(pieces)
        await way.leave(manager)
        assert len(captured.spans) == 1

    run(surface, way, program)
    (span,) = captured.spans
    assert surface.left is not None
    assert span["output"] == surface.left["output"]
    assert span["attributes"]["mutagent.stream.outcome"] == "closed"


@every_way
@every_stream
def test_an_exception_of_the_programs_leaves_the_block_as_it_is(surface: Surface, way: Way, captured: Any) -> None:
    error = KeyError("of the program")

    async def sync_program(method: Any) -> None:
        with method(**surface.arguments):
            raise error

    async def async_program(method: Any) -> None:
        async with method(**surface.arguments):
            raise error

    with pytest.raises(KeyError) as raised:
        run(surface, way, sync_program if way is SYNC else async_program)
    assert raised.value is error
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["mutagent.stream.outcome"]) == ("ok", "closed")


@every_way
@every_stream
def test_a_refused_stream_says_why(surface: Surface, way: Way, captured: CapturedSpans) -> None:
    async def program(method: Any) -> None:
        with pytest.raises(Exception, match="That cannot be"):
            await way.enter(method(**surface.arguments))

    run(surface, way, program, Situation.REFUSED)
    (span,) = captured.spans
    assert (span["error"], span["attributes"]["http.response.status_code"]) == ("That cannot be.", REFUSED.status)


@every_way
@every_stream
def test_a_manager_that_is_never_entered_is_no_call(surface: Surface, way: Way, captured: CapturedSpans) -> None:
    async def program(method: Any) -> None:
        method(**surface.arguments)

    run(surface, way, program)
    gc.collect()
    assert captured.spans == []


def test_the_first_versions_embed_is_not_traced_as_it_is_sent_by_threads(captured: CapturedSpans) -> None:
    surface = OF_NAME["v1 embed"]
    run(surface, SYNC, lambda method: SYNC.call(method, **surface.arguments))
    assert captured.spans == []
