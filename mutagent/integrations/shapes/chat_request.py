"""The request of a chat completion: OpenAI's arguments, which the many who speak its protocol take as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import read_filled
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat
from mutagent.integrations.shapes.hosts import client_of
from mutagent.integrations.shapes.request import parameters, streams, text_of
from mutagent.integrations.spec import Request


def request_of(provider: str) -> Callable[[dict[str, Any], Any], Request]:
    """Reads what a chat completion asks for, of ``provider`` unless the client's base URL names another."""

    def request(given: dict[str, Any], instance: Any) -> Request:
        answers, server = client_of(instance, provider)
        budget = Snapshot()
        attributes: dict[str, Any] = {}
        tools = read_filled(given, "tools", "functions")
        if tools is not None:
            attributes["gen_ai.tool.definitions"] = budget.take(tools)
        return Request(
            model=text_of(given.get("model")),
            provider=answers,
            input=chat.messages(given.get("messages"), budget),
            parameters=parameters(given),
            attributes=attributes,
            server=server,
            streamed=streams(given),
        )

    return request
