"""Nothing that a program can see of a patched method, its results or its errors differs from what it sees alone."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.testing import capture
from tests.integrations.contract.program import complete, every_call, every_coroutine, meeting, raised_by, run
from tests.integrations.situations import Situation


@pytest.fixture
def with_us() -> Callable[[Any], tuple[Any, Any]]:
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


@every_call
def test_results_and_output_are_the_same(surface, way, server_of, with_us, capfd):
    def outcome() -> Any:
        answer = complete(surface, way, server_of(surface))
        pieces = answer if surface.whole is None else [answer]
        return [(type(piece), surface.plain(piece)) for piece in pieces], capfd.readouterr()

    alone, traced = with_us(outcome)
    assert traced == alone


def _comparable(arg: Any) -> Any:
    """What is equal to nothing but itself (an HTTP response) is compared by its type."""
    return type(arg) if type(arg).__eq__ is object.__eq__ else arg


@meeting(Situation.REFUSED)
def test_exceptions_are_the_same(surface, way, server_of, with_us):
    def outcome() -> Any:
        server = server_of(surface, Situation.REFUSED)
        error = raised_by(lambda: complete(surface, way, server, surface.refusal.arguments))
        causes = (type(error.__cause__), type(error.__context__), error.__suppress_context__)
        return type(error), str(error), [_comparable(arg) for arg in error.args], sorted(vars(error)), causes

    alone, traced = with_us(outcome)
    assert traced == alone


@every_call
def test_the_method_looks_the_same(surface, way, with_us):
    def looks() -> Any:
        method = getattr(*surface.holder(way))
        return (
            method.__name__,
            method.__qualname__,
            method.__module__,
            method.__doc__,
            str(inspect.signature(method)),
            inspect.iscoroutinefunction(method),
            asyncio.iscoroutinefunction(method),
            inspect.isfunction(method),
            inspect.isgeneratorfunction(method),
            inspect.isasyncgenfunction(method),
        )

    alone, traced = with_us(looks)
    assert traced == alone


@every_call
def test_its_class_has_the_same_attributes(surface, way, with_us):
    alone, traced = with_us(lambda: sorted(dir(surface.holder(way)[0])))
    assert traced == alone


@every_call
def test_the_method_can_be_pickled_and_copied(surface, way, with_us):
    def survives() -> Any:
        function = getattr(*surface.holder(way))
        try:
            pickled = pickle.loads(pickle.dumps(function)) is function
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            pickled = type(error)
        return pickled, copy.deepcopy(function) is function

    alone, traced = with_us(survives)
    assert traced == alone


@every_call
def test_a_bound_method_can_be_copied_and_called(surface, way, server_of, captured):
    async def program(client: Any) -> Any:
        bound = surface.bound(way, client)
        copied = copy.copy(bound)
        assert (type(copied), copied) == (type(bound), bound)
        answer = await way.call(copied, **surface.arguments)
        if surface.whole is None:
            await way.rest(surface.stream_in(answer))

    run(surface, way, server_of(surface), program)
    assert len(captured.spans) == 1


@every_coroutine
def test_a_coroutine_that_is_never_awaited_warns_once(surface, way, server_of, with_us):
    server = server_of(surface)

    def complaints() -> list[str]:
        async def program(client: Any) -> Any:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                coroutine = surface.bound(way, client)(**surface.arguments)
                name = coroutine.__qualname__
                del coroutine
                gc.collect()
            return [name, *(str(warning.message) for warning in caught if warning.category is RuntimeWarning)]

        return run(surface, way, server, program)

    alone, traced = with_us(complaints)
    assert traced == alone
    assert len(traced) == 2


@every_coroutine
def test_a_coroutine_that_is_closed_unstarted_warns_as_little_as_without_us(surface, way, server_of, with_us):
    server = server_of(surface)

    def complaints() -> list[str]:
        async def program(client: Any) -> Any:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                coroutine = surface.bound(way, client)(**surface.arguments)
                coroutine.close()
                del coroutine
                gc.collect()
            return [str(warning.message) for warning in caught]

        return run(surface, way, server, program)

    alone, traced = with_us(complaints)
    assert traced == alone == []


@every_call
def test_tracing_that_is_off_leaves_the_call_alone(surface, way, server_of):
    alone = complete(surface, way, server_of(surface))
    hooks.install()
    try:
        answer = complete(surface, way, server_of(surface))
    finally:
        hooks.uninstall()
    assert type(answer) is type(alone)
