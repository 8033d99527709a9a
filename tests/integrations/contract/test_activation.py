"""When calls are traced: clients made before, copies, other tools above and below; and how it is all taken back."""

from __future__ import annotations

import functools
import gc
from typing import Any

import pytest

from mutagent.auto import hooks
from tests.integrations.contract.program import complete, every_call, every_generated_call, run, seen


@every_call
def test_a_client_made_before_activation_is_traced(surface, way, server_of, traced_later):
    async def program(client: Any) -> Any:
        before = surface.bound(way, client)  # bound before: it stays what it was
        hooks.install()
        await surface.complete(way, client)
        hooks.uninstall()
        await surface.complete(way, client)
        answer = await way.call(before, **surface.arguments)
        if surface.whole is None:
            await way.rest(surface.stream_in(answer))

    run(surface, way, server_of(surface), program)
    assert seen(traced_later) == [surface.here(surface.span)]


@every_call
def test_uninstall_restores_the_very_attribute(surface, way, traced_later):
    holder, name = surface.holder(way)
    before = dict(vars(holder))
    hooks.install()
    assert getattr(holder, name) is not before.get(name)
    assert vars(holder)[name] is not before.get(name)
    hooks.uninstall()
    after = dict(vars(holder))
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


@every_call
def test_another_tools_wrapper_above_ours_survives_and_ours_lets_calls_through(surface, way, server_of, traced_later):
    holder, name = surface.holder(way)
    original = vars(holder)[name]
    hooks.install()
    theirs = foreign(vars(holder)[name])
    setattr(holder, name, theirs)
    try:
        complete(surface, way, server_of(surface))
        hooks.uninstall()
        assert vars(holder)[name] is theirs
        complete(surface, way, server_of(surface))
        assert theirs.calls == 2
        assert len(traced_later.spans) == 1
        hooks.install()
        complete(surface, way, server_of(surface))
        assert len(traced_later.spans) == 2
    finally:
        hooks.uninstall()
        setattr(holder, name, original)


@every_call
def test_another_tools_wrapper_below_ours_survives(surface, way, server_of, traced_later):
    holder, name = surface.holder(way)
    original = vars(holder)[name]
    theirs = foreign(original)
    setattr(holder, name, theirs)
    try:
        hooks.install()
        complete(surface, way, server_of(surface))
        hooks.uninstall()
        assert vars(holder)[name] is theirs
        assert theirs.calls == 1
        assert len(traced_later.spans) == 1
    finally:
        hooks.uninstall()
        setattr(holder, name, original)


@pytest.mark.parametrize("derive", ["copy", "with_options"])
@every_generated_call
def test_a_copy_of_a_client_is_traced(surface, way, derive, server_of, captured):
    async def program(client: Any) -> Any:
        copied = getattr(client, derive)(timeout=7.0)
        try:
            return await surface.complete(way, copied)
        finally:
            await way.close(copied)

    run(surface, way, server_of(surface), program)
    assert seen(captured) == [surface.here(surface.span)]


@every_call
def test_installing_twice_makes_one_span(surface, way, server_of, traced_later):
    hooks.install()
    hooks.install()
    complete(surface, way, server_of(surface))
    assert len(traced_later.spans) == 1


def test_what_is_taken_back_is_not_kept():
    """Not even for the libraries that were never imported."""

    def kept() -> int:
        gc.collect()
        return sum(type(each) is hooks.Installed for each in gc.get_objects())

    before = kept()
    hooks.install()
    assert kept() > before
    hooks.uninstall()
    assert kept() == before
