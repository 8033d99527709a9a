"""Parts of an integration: loaded with the library's own parts, and then as if they had always been there."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from mutagent.auto import catalogue, hooks
from mutagent.integrations import registry
from mutagent.integrations.spec import Close, Integration, Part, Target

LIBRARY = "a_library_in_parts"
STREAMS, CHAT, SOUND = f"{LIBRARY}.streams", f"{LIBRARY}.chat", f"{LIBRARY}.sound"
# Named by a file of pieces and by no part: where a helper of the library stands that is always there.
ALWAYS_THERE = {"openai": {"openai._base_client", "openai.lib.streaming._assistants"}}


class Chat:
    def create(self) -> str:
        return "said"


class Stream:
    def close(self) -> None:
        pass


def target(module: str) -> Target:
    return Target((module,), "Chat.create", "llm.chat", "chat", lambda given, instance: pytest.fail("never called"))


CHAT_PIECES, SOUND_PIECES = (target(CHAT),), (target(SOUND),)
PIECES = Integration(
    name="parts",
    distribution="parts",
    versions=">=1",
    pieces=(Close((STREAMS,), "Stream.close"),),
    parts=(Part((CHAT,), f"{__name__}:CHAT_PIECES"), Part((SOUND,), f"{__name__}:SOUND_PIECES")),
)


@pytest.fixture
def installed(monkeypatch):
    """The library's integration as it is installed before the library is imported."""
    monkeypatch.setattr(catalogue, "load", lambda name: PIECES)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    hooks.install(["parts"])
    yield hooks._installed["parts"]
    hooks.uninstall(["parts"])


def arrive(monkeypatch, name: str, **contents: type) -> ModuleType:
    module = ModuleType(name)
    vars(module).update({cls: type(cls, (), dict(vars(found))) for cls, found in contents.items()})
    monkeypatch.setitem(sys.modules, name, module)
    hooks._arrived(name, module)
    return module


def test_nothing_is_placed_until_a_module_of_a_part_is_imported(installed, monkeypatch):
    streams = arrive(monkeypatch, STREAMS, Stream=Stream)
    assert installed.sites == []
    assert vars(streams.Stream)["close"] is Stream.close


def test_the_first_part_brings_what_belongs_to_all_and_no_other(installed, monkeypatch):
    streams = arrive(monkeypatch, STREAMS, Stream=Stream)
    chat = arrive(monkeypatch, CHAT, Chat=Chat)
    assert vars(chat.Chat)["create"] is not Chat.create
    assert vars(streams.Stream)["close"] is not Stream.close
    assert [site.state for site in installed.sites] == ["patched", "patched"]


def test_what_belongs_to_all_may_arrive_after_the_part(installed, monkeypatch):
    arrive(monkeypatch, CHAT, Chat=Chat)
    streams = arrive(monkeypatch, STREAMS, Stream=Stream)
    assert vars(streams.Stream)["close"] is not Stream.close


def test_all_that_parts_have_patched_is_restored(installed, monkeypatch):
    streams = arrive(monkeypatch, STREAMS, Stream=Stream)
    chat = arrive(monkeypatch, CHAT, Chat=Chat)
    hooks.uninstall(["parts"])
    assert vars(chat.Chat)["create"] is Chat.create
    assert vars(streams.Stream)["close"] is Stream.close


def test_a_part_that_comes_after_its_integration_is_gone_is_left_alone(installed, monkeypatch):
    hooks.uninstall(["parts"])
    assert vars(arrive(monkeypatch, CHAT, Chat=Chat).Chat)["create"] is Chat.create


def test_a_part_that_can_not_be_loaded_takes_no_other_with_it(installed, monkeypatch):
    monkeypatch.delattr(sys.modules[__name__], "CHAT_PIECES")
    chat = arrive(monkeypatch, CHAT, Chat=Chat)
    sound = arrive(monkeypatch, SOUND, Chat=Chat)
    assert vars(chat.Chat)["create"] is Chat.create
    assert vars(sound.Chat)["create"] is not Chat.create


@pytest.mark.parametrize("name", registry.INTEGRATIONS)
def test_a_part_names_every_module_in_which_its_pieces_stand(name):
    for part in catalogue.load(name).parts:
        alone = Integration("alone", "alone", ">=1", part.pieces)
        assert set(alone.modules) - ALWAYS_THERE.get(name, set()) == set(part.modules), part.place
