"""A gate: a library that programs import for other reasons fires when the traced part of it is used, and not before."""

import importlib
import importlib.util
import sys
import threading

import pytest

from mutagent.auto.finder import TriggerFinder
from mutagent.integrations.registry import GATES, INTEGRATIONS, Gate

TEXT = """
class Creator:
    def create(self, name, *more, **named):
        "Make a client."
        return name, more, named

    async def create_later(self, *, name):
        return name
"""


@pytest.fixture
def gated(tmp_path, monkeypatch):
    """``gated(path)`` → (finder, roots it has fired for, the module ``gatedlib`` with a gate at ``path``)."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    (tmp_path / "gatedlib.py").write_text(TEXT)
    importlib.invalidate_caches()

    def load(path="Creator.create"):
        calls = []
        gates = {"gatedlib": Gate(path, "name", frozenset({"models"}))}
        finder = TriggerFinder(frozenset({"gatedlib"}), calls.append, gates)
        sys.meta_path.insert(0, finder)
        return finder, calls, importlib.import_module("gatedlib")

    yield load
    sys.modules.pop("gatedlib", None)


def plain():
    """The same module, loaded by hand: what the gate must look like."""
    spec = importlib.util.find_spec("gatedlib")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("args", "named"), [(("models",), {}), ((), {"name": "models"}), (("models", 1), {"more": 2})], ids=repr
)
def test_it_fires_once_when_the_traced_part_is_used(gated, args, named):
    finder, calls, module = gated()
    assert (module.Creator().create("files", 1, x=2), calls) == (("files", (1,), {"x": 2}), [])
    made = module.Creator().create(*args, **named)
    assert made == plain().Creator().create(*args, **named)
    assert (calls, finder.roots) == (["gatedlib"], frozenset())
    assert vars(module.Creator)["create"].__code__.co_filename == module.__file__
    module.Creator().create("models")
    assert calls == ["gatedlib"]


def test_the_module_is_as_ever(gated):
    _, _, module = gated()
    as_ever = plain()
    assert type(module.__loader__) is type(as_ever.__loader__)
    assert module.__spec__.loader is module.__loader__
    create = module.Creator.create
    assert (create.__name__, create.__doc__, create.__module__) == ("create", "Make a client.", "gatedlib")


@pytest.mark.parametrize("name", [None, 3, ["models"], b"models"], ids=repr)
def test_names_that_are_none_pass(gated, name):
    _, calls, module = gated()
    assert (module.Creator().create(name), calls) == ((name, (), {}), [])


def test_an_asynchronous_method_has_a_gate_too(gated):
    import asyncio

    _, calls, module = gated("Creator.create_later")
    assert (asyncio.run(module.Creator().create_later(name="models")), calls) == ("models", ["gatedlib"])


def test_its_own_complaints_reach_the_program(gated):
    _, calls, module = gated()
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        module.Creator().create()
    assert calls == []


def test_a_library_without_the_method_fires_at_once(gated):
    _, calls, _ = gated("Factory.create")
    assert calls == ["gatedlib"]


def test_disarmed_it_is_gone(gated):
    finder, calls, module = gated()
    finder.disarm()
    assert vars(module.Creator)["create"].__code__.co_filename == module.__file__
    assert (module.Creator().create("models"), calls) == (("models", (), {}), [])


def test_beneath_another_tool_s_wrapper_it_lets_everything_through(gated):
    _, calls, module = gated()
    beneath = module.Creator.create
    module.Creator.create = theirs = lambda self, *args, **named: beneath(self, *args, **named)
    for _ in range(2):
        assert module.Creator().create("models") == ("models", (), {})
    assert (calls, module.Creator.create) == (["gatedlib"], theirs)


def test_threads_that_come_to_it_together_fire_once(gated):
    _, calls, module = gated()
    threads = [threading.Thread(target=module.Creator().create, args=("models",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["gatedlib"]


def test_every_gate_stands_at_a_root_of_its_integration():
    assert {root for row in INTEGRATIONS.values() for root in row.gates} == set(GATES)
    assert all(root in row.roots for row in INTEGRATIONS.values() for root in row.gates)
