"""A WebSocket server on loopback, and OpenAI's client of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.integrations import calling
from tests.integrations.sockets import Event, serving
from tests.integrations.ways import Way

__all__ = ["Event", "run", "serving"]


def run(way: Way, url: str, method: str, program: Callable[[Any], Awaitable[Any]]) -> Any:
    """Run ``program(client.<method>)`` with a client of the server at ``url``."""
    return calling.run(way, "openai.OpenAI", method, program, url.replace("ws:", "http:"), websocket_base_url=url)
