"""One call, one whole span: answered, refused, cut off, or called wrongly. The program notices nothing."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.demo.provider import Failure, Reply, Rule
from tests.integrations.contract.program import every_surface, every_way, here, refused, run, seen
from tests.servers.faults import Fault, faulty

BROKEN = Failure(400, "That cannot be.", "invalid_request_error", "broken")


@every_way
@every_surface
def test_an_answered_call_is_one_whole_span(surface, way, serve, captured):
    run(surface, way, serve(), lambda client: way.call(surface.bound(client), **surface.arguments))
    assert seen(captured) == [here(surface, surface.whole)]


@every_way
@every_surface
def test_a_refused_call_says_why(surface, way, serve, captured):
    library = importlib.import_module(surface.library)
    provider = serve(Rule(Reply(failure=BROKEN)))
    with pytest.raises(library.BadRequestError) as raised:
        run(surface, way, provider, lambda client: way.call(surface.bound(client), **surface.arguments))
    told = {"mutagent.error.code": "broken", "mutagent.error.type": "invalid_request_error"}
    if surface.library == "anthropic":
        told["mutagent.error.code"] = "invalid_request_error"
    expected = refused(
        surface.whole,
        str(raised.value),
        **{"error.type": f"{surface.library}.BadRequestError", "http.response.status_code": 400, **told},
        mutagent__request_id="req_<ident>",
    )
    found = seen(captured)
    for span in (*found, expected):
        span.pop("statusMessage"), span.pop("error"), span["events"][0]["attributes"].pop("exception.message")
    assert found == [expected]
    assert captured.spans[0]["error"] == str(raised.value)


@every_way
@every_surface
def test_a_connection_that_breaks_is_an_error(surface, way, serve, captured):
    library = importlib.import_module(surface.library)
    provider = serve(Rule(faulty("never", Fault("close"))))
    with pytest.raises(library.APIConnectionError):
        run(surface, way, provider, lambda client: way.call(surface.bound(client), **surface.arguments))
    expected = refused(surface.whole, "Connection error.", **{"error.type": f"{surface.library}.APIConnectionError"})
    assert seen(captured) == [expected]


@every_way
@every_surface
def test_wrong_arguments_raise_what_they_raised_without_us(surface, way, serve):
    def outcome() -> Any:
        with pytest.raises(TypeError) as raised:
            run(surface, way, serve(), lambda client: way.call(surface.bound(client), no_such_argument=1))
        return str(raised.value)

    alone = outcome()
    hooks.install()
    try:
        assert outcome() == alone
    finally:
        hooks.uninstall()


@every_way
@every_surface
def test_the_clients_own_retries_are_one_span(surface, way, serve, captured):
    overloaded = Failure(503, "Later.", headers={"retry-after-ms": "1"})
    provider = serve(Rule(Reply(failure=overloaded), times=2))

    async def program(client):
        return await way.call(surface.bound(client), **surface.arguments)

    run(surface, way, provider, program, max_retries=2)
    assert len(provider.journal) == 3
    assert seen(captured) == [here(surface, surface.whole)]
