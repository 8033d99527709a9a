"""A WebSocket server on loopback that speaks as a session of a provider's does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

server = pytest.importorskip("websockets.sync.server")

Event = dict[str, Any]


@contextmanager
def serving(greeting: list[Event], answer: Callable[[Event], list[Event]]) -> Iterator[str]:
    """The URL of a server that greets each client and answers each of its events."""

    def converse(connection: Any) -> None:
        for event in greeting:
            connection.send(json.dumps(event))
        for message in connection:
            for event in answer(json.loads(message)):
                connection.send(json.dumps(event))

    listening = server.serve(converse, "127.0.0.1", 0)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listening.socket.getsockname()[1]}/v1"
    finally:
        listening.shutdown()
        thread.join(5)
