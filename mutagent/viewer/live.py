"""Tell open pages that something changed: server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

# A page is told no more often than this, however fast spans come.
_LEAST_SECONDS = 0.3
# Said now and then, so that a connection that has gone is noticed.
_BEAT_SECONDS = 15.0


class Listener:
    """One open page: what changed since it was last told."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.trace_ids: set[str] = set()


class Hub:
    """Passes changes from the thread of the index to the pages that are open."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._changed_at = float("-inf")
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Belong to the running event loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End every stream; any thread, or a signal handler, may say so."""
        self._closing = True
        self.changed([])

    def changed(self, trace_ids: list[str]) -> None:
        """Some traces changed, or what pages say beside them; any thread may say so."""
        self._changed_at = time.monotonic()
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._tell, trace_ids)
        except RuntimeError:
            # The loop was closed in between: nobody is listening.
            self._loop = None

    async def listen(self, trace_id: str, age_seconds: float) -> AsyncIterator[str]:
        """The events of one page; ``trace`` where the page's trace is among those that changed.

        What changed between the page's making and its listening is told at once: it was asked for so long ago.
        """
        listener = Listener()
        self._listeners.add(listener)
        if self._changed_at >= time.monotonic() - age_seconds:
            listener.trace_ids.add(trace_id)
            listener.event.set()
        try:
            yield "retry: 1000\n\n"
            while not self._closing:
                yield await _next(listener, trace_id)
                await asyncio.sleep(0 if self._closing else _LEAST_SECONDS)
        finally:
            self._listeners.discard(listener)

    def _tell(self, trace_ids: list[str]) -> None:
        for listener in self._listeners:
            listener.trace_ids.update(trace_ids)
            listener.event.set()


async def _next(listener: Listener, trace_id: str) -> str:
    try:
        await asyncio.wait_for(listener.event.wait(), _BEAT_SECONDS)
    except asyncio.TimeoutError:
        return ": beat\n\n"
    listener.event.clear()
    mine, listener.trace_ids = trace_id in listener.trace_ids, set()
    return "event: traces\ndata: 1\n\n" + ("event: trace\ndata: 1\n\n" if mine else "")


async def events(request: Request) -> StreamingResponse:
    """``GET /events?trace=ID&age=MS``: the page's trace, and how many ms ago the page was asked for."""
    hub: Hub = request.app.state.site.hub
    stream = hub.listen(request.query_params.get("trace", ""), seconds(request.query_params.get("age", "")))
    return StreamingResponse(stream, media_type="text/event-stream", headers={"cache-control": "no-store"})


def seconds(milliseconds: str) -> float:
    """What an address says in whole milliseconds; 0 for what is no such number."""
    return int(milliseconds) / 1000 if milliseconds.isdecimal() and len(milliseconds) < 16 else 0.0
