"""One program, run through a sync and through an async client.

A program of a test is an ``async def`` that does everything with the client by way of :class:`Sync` or :class:`Async`.
Through the first it never waits, so that it runs to its end without an event loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from typing import Any


class Sync:
    """The sync client's verbs."""

    name = "sync"
    parts = {"Async": "", "_async": "", "a": "", "aio": ""}

    def __repr__(self) -> str:
        return self.name

    def spelled(self, path: str) -> str:
        """A name, with what async code adds to it left out."""
        return path.format(**self.parts)

    def iterator(self, stream: Any) -> Any:
        """What gives the pieces of a stream."""
        return stream if hasattr(type(stream), "__next__") else iter(stream)

    def run(self, program: Coroutine[Any, Any, Any]) -> Any:
        """Run a program to its end and return its result."""
        try:
            program.send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError("a sync program waits for nothing")

    async def call(self, method: Any, **arguments: Any) -> Any:
        """Call a method of the client."""
        return method(**arguments)

    async def wait(self, value: Any) -> Any:
        """What is awaited in async code is a value here."""
        return value

    async def next(self, stream: Any) -> Any:
        """The next chunk."""
        return next(stream)

    async def rest(self, stream: Any) -> list[Any]:
        """All chunks that are left."""
        return list(stream)

    async def enter(self, manager: Any) -> Any:
        """Enter a ``with`` block."""
        return manager.__enter__()

    async def leave(self, manager: Any) -> None:
        """Leave a ``with`` block in good order."""
        manager.__exit__(None, None, None)

    async def close(self, closable: Any) -> None:
        """Close a stream, a response or a client; one that can't be closed is left."""
        close = getattr(closable, "close", None)
        if close is not None:
            close()


class Async:
    """The async client's verbs."""

    name = "async"
    parts = {"Async": "Async", "_async": "_async", "a": "a", "aio": ".aio"}

    def __repr__(self) -> str:
        return self.name

    def spelled(self, path: str) -> str:
        """A name, with what async code adds to it."""
        return path.format(**self.parts)

    def iterator(self, stream: Any) -> Any:
        """What gives the pieces of a stream."""
        # Of aiobotocore's streams it is a generator.
        is_iterator = hasattr(type(stream), "__anext__") and not inspect.isasyncgenfunction(type(stream).__anext__)
        return stream if is_iterator else stream.__aiter__()

    def run(self, program: Coroutine[Any, Any, Any]) -> Any:
        """Run a program to its end and return its result."""
        return asyncio.run(program)

    async def call(self, method: Any, **arguments: Any) -> Any:
        """Call a method of the client, and await what it gives where it gives an awaitable."""
        return await self.wait(method(**arguments))

    async def wait(self, value: Any) -> Any:
        """Await a value where it is awaitable."""
        return await value if inspect.isawaitable(value) else value

    async def next(self, stream: Any) -> Any:
        """The next chunk."""
        return await stream.__anext__()

    async def rest(self, stream: Any) -> list[Any]:
        """All chunks that are left."""
        return [chunk async for chunk in stream]

    async def enter(self, manager: Any) -> Any:
        """Enter an ``async with`` block."""
        return await manager.__aenter__()

    async def leave(self, manager: Any) -> None:
        """Leave an ``async with`` block in good order."""
        await manager.__aexit__(None, None, None)

    async def close(self, closable: Any) -> None:
        """Close a stream, a response or a client; one that can't be closed is left."""
        close = getattr(closable, "close", None) or getattr(closable, "aclose", None)
        if close is not None:
            await self.wait(close())


Way = Sync | Async
SYNC, ASYNC = Sync(), Async()
WAYS: tuple[Way, ...] = (SYNC, ASYNC)
