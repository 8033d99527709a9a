"""What recording a value costs: on the calling thread when it is captured, on the worker when it is encoded.

``python -m tests.benchmarks.capture``
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from time import perf_counter
from typing import Any

from mutagent.capture.masking import without_secrets
from mutagent.capture.snapshot import snapshot
from mutagent.export.encoding import json_bytes
from mutagent.integrations.specs.openai.chat import request
from tests.benchmarks import _measure
from tests.benchmarks._measure import NOTHING, table, us

_SENTENCE = "The capital of France is Paris, which lies on the Seine. "
_BLOCK_SECONDS = 0.01


def values() -> dict[str, Any]:
    """What is recorded, by what it is called in the table."""
    return {
        "text of 100 B": _text(100),
        "text of 10 kB": _text(10_000),
        "text of 1 MB": _text(1_000_000),
        "dict of 5 small values": {"customer": "c-17", "attempt": 3, "cached": False, "score": 0.87, "region": "eu"},
        "1,000 rows of 5 values": [{"id": n, "name": "n", "price": 1.5, "ok": True, "tag": None} for n in range(1000)],
        "bytes of 1 MB": bytes(1_000_000),
        "chat of 10 messages": {"messages": _history(10)},
        "chat of 100 messages": {"messages": _history(100)},
        "chat of 1,000 messages": {"messages": _history(1000)},
    }


def _text(size: int) -> str:
    return (_SENTENCE * (size // len(_SENTENCE) + 1))[:size]


def _history(count: int) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": _text(200)} for n in range(count)]


def main() -> str:
    """The table."""
    rows = [[name, *_row(value)] for name, value in values().items()]
    heads = ["a value", "captured", "bytes kept", "encoded and searched for secrets", "`copy.deepcopy`", "`json.dumps`"]
    return table("Recording a value", heads, rows)


def _row(value: Any) -> list[str]:
    capture = _captured(value)
    kept = capture()
    encoded = json_bytes(kept)
    ways: list[Callable[[], object]] = [capture, lambda: without_secrets(json_bytes(kept))]
    ways.append(lambda: copy.deepcopy(value))
    if type(value) is not bytes:
        ways.append(lambda: json.dumps(value))
    taken = [us(microseconds) for microseconds in _medians(ways)]
    return [taken[0], f"{len(encoded):,}", *taken[1:], *[NOTHING] * (4 - len(taken))]


def _captured(value: Any) -> Callable[[], Any]:
    # A chat is recorded as the OpenAI integration does it.
    if type(value) is dict and "messages" in value:
        return lambda: request({"model": "gpt-4o", **value}, None).input
    return lambda: snapshot(value)


def _medians(ways: list[Callable[[], object]]) -> list[float]:
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(_measure.ROUNDS):
        for index, way in enumerate(ways):
            taken[index].append(_microseconds(way))
    return [sorted(times)[len(times) // 2] for times in taken]


def _microseconds(way: Callable[[], object]) -> float:
    count, begun = 0, perf_counter()
    while (spent := perf_counter() - begun) < _BLOCK_SECONDS or count == 0:
        way()
        count += 1
    return spent / count * 1e6


if __name__ == "__main__":
    _measure.run_alone(main)
