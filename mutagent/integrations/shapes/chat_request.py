"""The request of a chat completion: OpenAI's arguments, which the many who speak its protocol take as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.request import offered
from mutagent.integrations.spec import Request


def request_of(provider: str) -> Callable[[dict[str, Any], Any], Request]:
    """Reads what a chat completion asks for, of ``provider`` unless the client's base URL names another."""

    def request(given: dict[str, Any], instance: Any) -> Request:
        budget = Snapshot()
        tools = offered(given, budget, "functions")
        asks = asked(given, instance, chat.messages(given.get("messages"), budget), provider=provider)
        asks.attributes.update(tools)
        return asks

    return request
