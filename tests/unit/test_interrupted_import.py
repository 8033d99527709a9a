"""Code that must not wait for an import does without pydantic-core, and loses nothing by that."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from mutagent.capture import masking
from mutagent.export import encoding
from mutagent.loading import from_module, without_waiting

KEY = "sk-proj-" + "a1B2c3D4" * 6


@pytest.fixture(autouse=True)
def half_imported(monkeypatch):
    """The module as it stands in ``sys.modules`` while its own code runs, for a thread that can't wait for its end."""
    monkeypatch.setattr(encoding, "_to_json", None)
    monkeypatch.setattr(masking, "_search", None)
    with monkeypatch.context() as patch, without_waiting():
        module = ModuleType("pydantic_core")
        module.__spec__ = ModuleSpec("pydantic_core", None)
        module.__spec__._initializing = True
        patch.setitem(sys.modules, "pydantic_core", module)
        yield patch


def test_a_value_is_encoded_as_ever():
    value = {"text": "grüße \ud83d", "numbers": [1, 2.5, float("nan"), float("inf")], "nothing": None, "odd": object()}
    assert json.loads(encoding.json_bytes(value)) == {
        "text": "grüße \ufffd",
        "numbers": [1, 2.5, None, None],
        "nothing": None,
        "odd": "<builtins.object>",
    }


def test_secrets_are_masked_as_ever():
    text = json.dumps({"content": f"my key is {KEY}, grüße", "password": "hunter2"}, ensure_ascii=False).encode()
    clean = masking.without_secrets(text)
    assert json.loads(clean) == {"content": f"my key is {masking.MASK}, grüße", "password": masking.MASK}


def test_it_is_asked_for_again_once_it_is_whole(half_imported):
    encoding.json_bytes({})
    assert encoding._to_json is None
    half_imported.undo()
    assert encoding.json_bytes({"a": 1}) == b'{"a":1}'
    assert encoding._to_json is not None


def test_another_thread_may_wait(half_imported):
    half_imported.undo()
    with ThreadPoolExecutor() as pool:
        assert pool.submit(from_module, "genai_prices_that_is_not_there", "calc_price").result() is None
        assert pool.submit(from_module, "colorsys", "rgb_to_hsv").result() is not None
    assert from_module("colorsys", "rgb_to_hsv") is not None
    assert from_module("chunk_that_is_not_loaded", "Chunk") is None
