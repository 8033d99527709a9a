"""What Realtime and Responses over a WebSocket have in common: how a resource connects."""

from __future__ import annotations

from typing import Any

from mutagent.integrations.shapes.hosts import client_of
from mutagent.integrations.shapes.request import text_of
from mutagent.integrations.spec import Request, Session, Target


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a session is connected for."""
    provider, server = client_of(instance, "openai")
    model = text_of(given.get("model"))
    call_id = given.get("call_id")
    attributes = {"mutagent.call_id": call_id} if type(call_id) is str else {}
    return Request(model=model, provider=provider, attributes=attributes, server=server)


def session(modules: tuple[str, ...], resource: str, manager: str, events: Any, operation: str, prefix: str) -> Session:
    """A resource's ``connect``, with its manager and its connection."""
    enter = "__aenter__" if prefix else "__enter__"
    return Session(
        call=Target(modules, f"{prefix}{resource}.connect", "chain", operation, request),
        response=("llm.chat", "chat"),
        modules=modules,
        enters=(f"{prefix}{manager}Manager.{enter}", f"{prefix}{manager}Manager.enter"),
        connection=f"{prefix}{manager}",
        events=events,
    )
