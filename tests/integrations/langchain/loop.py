"""One event loop for all tests, and the HTTP clients that live in it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any

import openai

_clients: list[dict[str, Any]] = []


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def run(program: Coroutine[Any, Any, Any]) -> Any:
    """Run a program to its end, and what it left behind of generators."""
    loop = _loop()
    try:
        return loop.run_until_complete(program)
    finally:
        loop.run_until_complete(_others())


def http_clients() -> dict[str, Any]:
    """HTTP clients for a model, in place of those that langchain-openai keeps for ever, as its arguments."""
    clients = {"http_client": openai.DefaultHttpxClient(), "http_async_client": openai.DefaultAsyncHttpxClient()}
    _clients.append(clients)
    return clients


def close_clients() -> None:
    """Close them all: their sockets are warned of otherwise."""
    while _clients:
        clients = _clients.pop()
        clients["http_client"].close()
        run(clients["http_async_client"].aclose())


async def _others() -> None:
    # A generator that `async for` has left is closed by a task of its own, and so is the one that it reads from.
    for _ in range(20):
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=30)
