"""What every peer does in the same way: repeat, time call by call, run in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

FIVE = {"customer": "c-17", "attempt": 3, "cached": False, "score": 0.87, "region": "eu-west-1"}
THREADS = 8


def repeated(call: Callable[..., Any], *args: Any) -> Callable[[int], None]:
    """A case that makes the call ``count`` times."""

    def case(count: int) -> None:
        for _ in range(count):
            call(*args)

    return case


def timed(call: Callable[..., Any], *args: Any) -> Callable[[int], list[float]]:
    """A case that also tells how long every single call took."""

    def case(count: int) -> list[float]:
        taken = []
        for _ in range(count):
            begun = perf_counter()
            call(*args)
            taken.append(perf_counter() - begun)
        return taken

    return case


def in_threads(case: Callable[[int], Any]) -> Callable[[int], None]:
    """The same calls, shared by some threads."""

    def threaded(count: int) -> None:
        threads = [threading.Thread(target=case, args=(count // THREADS,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return threaded
