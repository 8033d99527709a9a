"""A server on loopback with an answer for each path: for surfaces whose one call makes several requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer


class Reply:
    """One answer: its status, its body and what kind that is."""

    def __init__(self, body: Any, content_type: str = "application/json", status: int = 200) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.content_type = content_type
        self.status = status


def events(*values: Any, named: str | None = "type") -> Reply:
    """Server-sent events, named after one of their fields."""
    lines = [f"event: {value[named]}\n" if named is not None else "" for value in values]
    text = "".join(f"{line}data: {json.dumps(value)}\n\n" for line, value in zip(lines, values, strict=True))
    return Reply(text.encode(), "text/event-stream")


class _Handler(LoopbackHandler):
    def answer(self) -> None:
        self.read_body()
        path = self.path.partition("?")[0]
        replies = next((found for end, found in self.server.routes.items() if path.endswith(end)), None)
        if not replies:
            self.write_whole(404, {}, b'{"error": {"message": "nothing here", "type": "not_found_error"}}')
            return
        # The last answer goes on being given.
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self.write_whole(reply.status, {"content-type": reply.content_type, "x-request-id": "req_1"}, reply.body)

    do_GET = do_POST = do_DELETE = answer


class _Server(LoopbackServer):
    def __init__(self, routes: dict[str, list[Reply]]) -> None:
        self.routes = routes
        super().__init__(_Handler)


@contextmanager
def serving(routes: dict[str, list[Reply]]) -> Iterator[str]:
    """The URL of a server that answers by the end of the path, each path's answers in turn."""
    server = _Server({end: list(replies) for end, replies in routes.items()})
    server.start()
    try:
        yield server.url
    finally:
        server.close()
