"""Single clients, traced in the documented way where not all are: they and their copies, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.demo.provider import Provider
from mutagent.testing import CapturedSpans
from tests.integrations.anthropic.cases import MESSAGES
from tests.integrations.contract.program import every_way, seen
from tests.integrations.openai.cases import CHAT
from tests.integrations.surfaces import Surface
from tests.integrations.ways import Sync, Way

each = pytest.mark.parametrize("surface", [CHAT, MESSAGES], ids=str)


def single(surface: Surface, provider: Provider, way: Way) -> Any:
    """A client that is traced by itself."""
    if surface.integration == "openai":
        from mutagent.integrations import openai as ours

        cls = ours.AsyncMutagentOpenAI if way.name == "async" else ours.MutagentOpenAI
        return cls(base_url=provider.openai_url, api_key="key-of-the-test", max_retries=0)
    from mutagent.integrations.anthropic import wrap_anthropic

    client = surface.make(way, provider.url)
    assert wrap_anthropic(client) is client
    return client


async def call_each(surface: Surface, way: Way, *clients: Any) -> None:
    for client in clients:
        await surface.call(way, client)
    for client in clients:
        await way.close(client)


@every_way
@each
def test_only_the_client_that_was_wrapped_is_traced(surface, way, serve, traced_later: CapturedSpans):
    provider = serve()
    way.run(call_each(surface, way, single(surface, provider, way), surface.make(way, provider.url)))
    assert seen(traced_later) == [surface.here(surface.whole)]


@every_way
@each
def test_copies_of_a_wrapped_client_are_traced(surface, way, serve, traced_later):
    client = single(surface, serve(), way)
    way.run(call_each(surface, way, client.with_options(timeout=9.0), client.copy(timeout=9.0)))
    assert seen(traced_later) == [surface.here(surface.whole)] * 2


@every_way
@each
def test_a_wrapped_client_under_auto_mode_has_one_span_a_call(surface, way, serve, traced_later):
    provider = serve()
    client = single(surface, provider, way)
    hooks.install()
    way.run(call_each(surface, way, client, surface.make(way, provider.url)))
    assert seen(traced_later) == [surface.here(surface.whole)] * 2


@each
def test_a_wrapped_clients_stream_is_traced_and_others_are_not(surface, serve, traced_later):
    provider, way = serve(), Sync()

    async def program() -> None:
        for client in (single(surface, provider, way), surface.make(way, provider.url)):
            await way.rest(await surface.stream(way, client))
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


def test_the_module_level_client_is_traced(serve, captured, monkeypatch):
    openai = pytest.importorskip("openai")
    monkeypatch.setattr(openai, "api_key", "key-of-the-test")
    monkeypatch.setattr(openai, "base_url", serve().openai_url + "/")  # joined as it is
    monkeypatch.setattr(openai, "max_retries", 0)
    openai.chat.completions.create(**CHAT.arguments)
    openai._reset_client()
    assert seen(captured) == [CHAT.here(CHAT.whole)]
