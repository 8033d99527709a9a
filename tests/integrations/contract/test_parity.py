"""Nothing that a program can see of a patched method, its results or its errors differs from what it sees alone."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import warnings
from types import MethodType
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.demo.provider import Failure, Reply, Rule
from mutagent.testing import capture
from tests.integrations.contract.program import every_surface, every_way, run
from tests.integrations.openai.cases import CHAT, RESPONSES
from tests.integrations.ways import Async, Sync

FAILING = Rule(Reply(failure=Failure(400, "That cannot be.")))


@pytest.fixture
def with_us(serve):
    """Run a function without us and with us, and give both results."""

    def both(function: Any) -> tuple[Any, Any]:
        alone = function()
        hooks.install()
        try:
            with capture():
                return alone, function()
        finally:
            hooks.uninstall()

    return both


@every_way
@every_surface
def test_results_and_output_are_the_same(surface, way, serve, with_us, capfd):
    def outcome() -> Any:
        answer = run(surface, way, serve(), lambda client: way.call(surface.bound(client), **surface.arguments))
        return type(answer), answer.model_dump(), capfd.readouterr()

    alone, traced = with_us(outcome)
    assert traced == alone


@every_way
@every_surface
def test_exceptions_are_the_same(surface, way, serve, with_us):
    def outcome() -> Any:
        with pytest.raises(Exception, match="cannot be") as raised:
            run(surface, way, serve(FAILING), lambda client: way.call(surface.bound(client), **surface.arguments))
        error = raised.value
        causes = (type(error.__cause__), type(error.__context__), error.__suppress_context__)
        return type(error), str(error), error.args, sorted(vars(error)), causes

    alone, traced = with_us(outcome)
    assert traced == alone


@every_way
@every_surface
def test_the_method_looks_the_same(surface, way, with_us):
    def looks() -> Any:
        method = getattr(surface.defining_class(way), surface.method.rpartition(".")[2])
        return (
            method.__name__,
            method.__qualname__,
            method.__module__,
            method.__doc__,
            str(inspect.signature(method)),
            inspect.iscoroutinefunction(method),
            asyncio.iscoroutinefunction(method),
            inspect.isfunction(method),
        )

    alone, traced = with_us(looks)
    assert traced == alone


@every_way
@every_surface
def test_the_class_has_the_same_attributes(surface, way, with_us):
    alone, traced = with_us(lambda: sorted(dir(surface.defining_class(way))))
    assert traced == alone


@every_way
@every_surface
def test_the_method_can_be_pickled_and_copied(surface, way, serve, captured):
    function = getattr(surface.defining_class(way), surface.method.rpartition(".")[2])
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(function) is function

    async def program(client):
        bound = surface.bound(client)
        assert type(bound) is MethodType
        assert copy.copy(bound) == bound
        return await way.call(copy.copy(bound), **surface.arguments)

    run(surface, way, serve(), program)
    assert len(captured.spans) == 1


@every_surface
def test_a_coroutine_that_is_never_awaited_warns_once(surface, serve, with_us):
    provider = serve()

    def complaints() -> list[str]:
        async def program(client):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                coroutine = surface.bound(client)(**surface.arguments)
                name = coroutine.__qualname__
                del coroutine
                gc.collect()
            return [name, *(str(warning.message) for warning in caught if warning.category is RuntimeWarning)]

        return run(surface, Async(), provider, program)

    alone, traced = with_us(complaints)
    assert traced == alone
    assert len(traced) == 2


@every_surface
def test_a_coroutine_that_is_closed_unstarted_warns_as_little_as_without_us(surface, serve, with_us):
    provider = serve()

    def complaints() -> list[str]:
        async def program(client):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                coroutine = surface.bound(client)(**surface.arguments)
                coroutine.close()
                del coroutine
                gc.collect()
            return [str(warning.message) for warning in caught]

        return run(surface, Async(), provider, program)

    alone, traced = with_us(complaints)
    assert traced == alone == []


def test_calls_at_once_have_a_span_each(serve, captured):
    from tests.integrations.contract.program import seen

    async def program(client):
        await asyncio.gather(*(CHAT.bound(client)(**CHAT.arguments) for _ in range(20)))

    run(CHAT, Async(), serve(), program)
    assert [span["name"] for span in seen(captured)] == ["chat model-1"] * 20
    assert len({span["traceId"] for span in captured.spans}) == 20


def test_a_cancelled_call_is_cancelled_and_recorded(serve, captured):
    provider = serve(Rule(Reply("late", delay=60)))

    async def program(client):
        task = asyncio.create_task(CHAT.bound(client)(**CHAT.arguments))
        while not provider.journal:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(CHAT, Async(), provider, program)
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "asyncio.exceptions.CancelledError")


def test_tracing_that_is_off_leaves_the_call_alone(serve):
    hooks.install()
    try:
        answer = run(CHAT, Sync(), serve(), lambda client: Sync().call(CHAT.bound(client), **CHAT.arguments))
    finally:
        hooks.uninstall()
    assert answer.choices[0].message.content == "You said: Say hello."


@every_way
def test_the_response_object_is_the_clients_own(way, serve, captured):
    answer = run(RESPONSES, way, serve(), lambda client: way.call(RESPONSES.bound(client), **RESPONSES.arguments))
    assert answer.output_text == "You said: Say hello."
