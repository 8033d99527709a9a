"""When and for whom calls are traced: clients made before, single clients, copies; and how it is all taken back."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.demo.provider import Provider
from mutagent.testing import CapturedSpans, capture
from tests.integrations.anthropic.cases import MESSAGES
from tests.integrations.contract.program import every_surface, every_way, here, run, seen
from tests.integrations.openai.cases import CHAT
from tests.integrations.surfaces import Surface
from tests.integrations.ways import Async, Sync, Way

SINGLE = [CHAT, MESSAGES]


@pytest.fixture
def traced_later() -> Any:
    """Captured spans, with nothing patched until the test does it."""
    with capture() as spans:
        yield spans
    hooks.uninstall()


@every_way
@every_surface
def test_a_client_made_before_activation_is_traced(surface, way, serve, traced_later):
    async def program(client):
        before = surface.bound(client)  # bound before: it stays what it was
        hooks.install()
        await way.call(surface.bound(client), **surface.arguments)
        hooks.uninstall()
        await way.call(surface.bound(client), **surface.arguments)
        await way.call(before, **surface.arguments)

    run(surface, way, serve(), program)
    assert seen(traced_later) == [here(surface, surface.whole)]


@every_way
@every_surface
def test_uninstall_restores_the_very_attribute(surface, way, traced_later):
    cls, name = surface.defining_class(way), surface.method.rpartition(".")[2]
    before = dict(vars(cls))
    hooks.install()
    assert vars(cls)[name] is not before[name]
    hooks.uninstall()
    after = dict(vars(cls))
    assert list(after) == list(before)
    assert [key for key, value in before.items() if after[key] is not value] == []


def foreign(original: Any) -> Any:
    """Another tool's wrapper."""

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        wrapper.calls += 1
        return original(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


@every_way
@every_surface
def test_another_tools_wrapper_above_ours_survives_and_ours_lets_calls_through(surface, way, serve, traced_later):
    cls, name = surface.defining_class(way), surface.method.rpartition(".")[2]
    original = vars(cls)[name]
    hooks.install()
    theirs = foreign(vars(cls)[name])
    setattr(cls, name, theirs)
    try:
        run(surface, way, serve(), lambda client: way.call(surface.bound(client), **surface.arguments))
        hooks.uninstall()
        assert vars(cls)[name] is theirs
        run(surface, way, serve(), lambda client: way.call(surface.bound(client), **surface.arguments))
        assert theirs.calls == 2
        assert len(traced_later.spans) == 1
        hooks.install()
        run(surface, way, serve(), lambda client: way.call(surface.bound(client), **surface.arguments))
        assert len(traced_later.spans) == 2
    finally:
        hooks.uninstall()
        setattr(cls, name, original)


@every_way
@every_surface
def test_another_tools_wrapper_below_ours_survives(surface, way, serve, traced_later):
    cls, name = surface.defining_class(way), surface.method.rpartition(".")[2]
    original = vars(cls)[name]
    theirs = foreign(original)
    setattr(cls, name, theirs)
    try:
        hooks.install()
        run(surface, way, serve(), lambda client: way.call(surface.bound(client), **surface.arguments))
        hooks.uninstall()
        assert vars(cls)[name] is theirs
        assert theirs.calls == 1
        assert len(traced_later.spans) == 1
    finally:
        hooks.uninstall()
        setattr(cls, name, original)


@every_way
@pytest.mark.parametrize("derive", ["copy", "with_options"])
@every_surface
def test_a_copy_of_a_client_is_traced(surface, way, derive, serve, captured):
    async def program(client):
        copied = getattr(client, derive)(timeout=7.0)
        try:
            return await way.call(surface.bound(copied), **surface.arguments)
        finally:
            await way.close(copied)

    run(surface, way, serve(), program)
    assert seen(captured) == [here(surface, surface.whole)]


def test_the_module_level_client_is_traced(serve, captured, monkeypatch):
    openai = pytest.importorskip("openai")
    monkeypatch.setattr(openai, "api_key", "key-of-the-test")
    monkeypatch.setattr(openai, "base_url", serve().openai_url + "/")  # joined as it is
    monkeypatch.setattr(openai, "max_retries", 0)
    openai.chat.completions.create(**CHAT.arguments)
    openai._reset_client()
    assert seen(captured) == [here(CHAT, CHAT.whole)]


def single(surface: Surface, provider: Provider, way: Way) -> Any:
    """A client that is traced by itself, in the documented way."""
    if surface.library == "openai":
        from mutagent.integrations import openai as ours

        cls = ours.AsyncMutagentOpenAI if way.name == "async" else ours.MutagentOpenAI
        return cls(base_url=provider.openai_url, api_key="key-of-the-test", max_retries=0)
    from mutagent.integrations.anthropic import wrap_anthropic

    client = surface.client(provider, way)
    assert wrap_anthropic(client) is client
    return client


async def call_each(surface: Surface, way: Way, *clients: Any) -> None:
    for client in clients:
        await way.call(surface.bound(client), **surface.arguments)
    for client in clients:
        await way.close(client)


@every_way
@pytest.mark.parametrize("surface", SINGLE, ids=str)
def test_only_the_client_that_was_wrapped_is_traced(surface, way, serve, traced_later: CapturedSpans):
    provider = serve()
    way.run(call_each(surface, way, single(surface, provider, way), surface.client(provider, way)))
    assert seen(traced_later) == [here(surface, surface.whole)]


@every_way
@pytest.mark.parametrize("surface", SINGLE, ids=str)
def test_copies_of_a_wrapped_client_are_traced(surface, way, serve, traced_later):
    provider = serve()
    client = single(surface, provider, way)
    way.run(call_each(surface, way, client.with_options(timeout=9.0), client.copy(timeout=9.0)))
    assert seen(traced_later) == [here(surface, surface.whole)] * 2


@every_way
@pytest.mark.parametrize("surface", SINGLE, ids=str)
def test_a_wrapped_client_under_auto_mode_has_one_span_a_call(surface, way, serve, traced_later):
    provider = serve()
    client = single(surface, provider, way)
    hooks.install()
    way.run(call_each(surface, way, client, surface.client(provider, way)))
    assert seen(traced_later) == [here(surface, surface.whole)] * 2


@pytest.mark.parametrize("surface", SINGLE, ids=str)
def test_a_wrapped_clients_stream_is_traced_and_others_are_not(surface, serve, traced_later):
    provider, way = serve(), Sync()

    async def program() -> None:
        for client in (single(surface, provider, way), surface.client(provider, way)):
            await way.rest(await way.call(surface.bound(client), **surface.arguments, stream=True))
            await way.close(client)

    way.run(program())
    assert seen(traced_later) == [surface.streamed]


def test_a_client_class_of_ours_is_the_librarys_class(serve):
    openai = pytest.importorskip("openai")
    client = single(CHAT, serve(), Sync())
    try:
        assert isinstance(client, openai.OpenAI)
        assert isinstance(client.with_options(timeout=1.0), openai.OpenAI)
    finally:
        client.close()
        hooks.uninstall()


def test_installing_twice_makes_one_span(serve, traced_later):
    hooks.install()
    hooks.install()
    way = Async()
    run(CHAT, way, serve(), lambda client: way.call(CHAT.bound(client), **CHAT.arguments))
    assert len(traced_later.spans) == 1
