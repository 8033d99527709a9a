"""No tracer: the floor, and the functions that the others decorate, wrapped by ``functools.wraps`` alone."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from serve import serve
from work import repeated

from tests.benchmarks import floor


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """The least that a decorator is."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def answer(question: str) -> str:
    return "answer"


async def answer_later(question: str) -> str:
    return "answer"


def words(question: str) -> Iterator[str]:
    yield from "abcdefghij"


async def _awaited(count: int) -> None:
    for _ in range(count):
        await answer_later("question")


if __name__ == "__main__":
    serve({
        "floor": floor.spans,
        "wrapped": repeated(wrapped(answer), "question"),
        "async": lambda count: asyncio.run(_awaited(count)),
        "generator": repeated(lambda question: list(words(question)), "question"),
    })  # fmt: skip
