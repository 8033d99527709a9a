"""One call, one whole span: answered, refused, cut off, or called wrongly. The program notices nothing."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

import pytest

from mutagent.auto import hooks
from tests.integrations.contract.program import (
    change,
    complete,
    every_async_call,
    every_call,
    every_generated_call,
    failed,
    meeting,
    name_of,
    over,
    raised_by,
    run,
    seen,
    unanswered,
)
from tests.integrations.situations import Situation
from tests.integrations.ways import ASYNC


@every_call
def test_an_answered_call_is_one_whole_span(surface, way, server_of, captured):
    complete(surface, way, server_of(surface))
    assert seen(captured) == [surface.here(surface.span)]


@every_generated_call
def test_what_the_program_does_to_arguments_and_answer_later_is_not_in_the_span(surface, way, server_of, captured):
    async def program(client: Any) -> None:
        arguments = copy.deepcopy(dict(surface.arguments))
        answer = await way.call(surface.bound(way, client), **arguments)
        change(arguments)
        change(answer)

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.here(surface.whole)]
    assert "changed since" not in json.dumps(captured.spans)


@meeting(Situation.REFUSED)
def test_a_refused_call_says_why(surface, way, server_of, captured):
    error = raised_by(lambda: complete(surface, way, server_of(surface, Situation.REFUSED), surface.refusal.arguments))
    assert name_of(error) == surface.refusal.error
    told = surface.refusal
    assert seen(captured) == [failed(unanswered(surface), error, told.attributes, told.message)]


@meeting(Situation.BROKEN)
def test_a_connection_that_breaks_is_an_error(surface, way, server_of, captured):
    error = raised_by(lambda: complete(surface, way, server_of(surface, Situation.BROKEN)))
    assert name_of(error) in surface.broken
    assert seen(captured) == [failed(unanswered(surface), error)]


@every_call
def test_wrong_arguments_raise_what_they_raised_without_us(surface, way, server_of):
    def outcome() -> Any:
        error = raised_by(lambda: complete(surface, way, server_of(surface), {"no_such_argument": 1}))
        return name_of(error), str(error)

    alone = outcome()
    hooks.install()
    try:
        assert outcome() == alone
    finally:
        hooks.uninstall()


@over(lambda surface: surface.retrying)
def test_the_clients_own_retries_are_one_span(surface, way, server_of, captured):
    server = server_of(surface, Situation.OVERLOADED)
    complete(surface, way, server, client_options=surface.retrying)
    assert server.served == 3
    assert seen(captured) == [surface.here(surface.span)]


@every_async_call
def test_calls_at_once_have_a_span_each(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        await asyncio.gather(*(surface.complete(way, client) for _ in range(5)))

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.here(surface.span)] * 5
    assert len({span["traceId"] for span in captured.spans}) == 5


@meeting(Situation.SILENT, ASYNC)
def test_a_cancelled_call_is_cancelled_and_recorded(surface, way, server_of, captured):
    server = server_of(surface, Situation.SILENT)

    async def program(client: Any) -> Any:
        task = asyncio.create_task(surface.complete(way, client))
        while not server.served:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(surface, way, server, program)
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "asyncio.exceptions.CancelledError")
