"""A server on loopback that answers every request with the same bytes, for answers that no stand-in writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer


class _Handler(LoopbackHandler):
    def do_POST(self) -> None:
        self.read_body()
        status, content_type, body = self.server.answer
        self.write_whole(status, {"content-type": content_type}, body)


class Canned(LoopbackServer):
    """Serves one answer."""

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        self.answer = (status, content_type, body)
        super().__init__(_Handler)


@contextmanager
def answering(body: Any, status: int = 200) -> Iterator[str]:
    """The URL of a server that answers with ``body`` as JSON."""
    with _serving(Canned(status, "application/json", json.dumps(body).encode())) as url:
        yield url


@contextmanager
def streaming(*events: Any, named: bool = False) -> Iterator[str]:
    """The URL of a server that answers with ``events`` as a stream; ``named`` after their types."""
    lines = [f"event: {event['type']}\n" if named else "" for event in events]
    text = "".join(f"{line}data: {json.dumps(event)}\n\n" for line, event in zip(lines, events, strict=True))
    with _serving(Canned(200, "text/event-stream", f"{text}data: [DONE]\n\n".encode())) as url:
        yield url


@contextmanager
def _serving(server: Canned) -> Iterator[str]:
    server.start()
    try:
        yield server.url
    finally:
        server.close()
