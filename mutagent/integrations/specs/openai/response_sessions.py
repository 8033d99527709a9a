"""Responses over a WebSocket: a span for the session, and one for each response that is asked for over it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from mutagent.capture.plain import fields_of, get, get_path, read_str
from mutagent.integrations.spec import Moment, Request, Response
from mutagent.integrations.specs.openai import responses
from mutagent.integrations.specs.openai.connections import session


class ResponseSession:
    """Follows a session of the Responses API, whose events are those of a streamed response."""

    def __init__(self, asked: Request, instance: Any) -> None:
        self.instance = instance
        self.under_way: OrderedDict[str, responses.ResponseEvents] = OrderedDict()

    def sent(self, event: Any) -> Moment | None:
        """A response is asked for in the words of ``responses.create``."""
        if read_str(event, "type") != "response.create":
            return None
        given = {name: value for name, value in fields_of(event).items() if name not in ("type", "event_id")}
        return Moment("asked", request=responses.request({**given, "stream": True}, self.instance))

    def received(self, event: Any) -> Moment | None:
        """What an event of the provider's means."""
        kind = get(event, "type")
        if kind == "error":
            found = responses.ResponseEvents()
            error = get(event, "error")
            found.feed({"type": "error", "message": get(error, "message") or get(event, "message"),
                        "code": get(error, "code") or get(event, "code")})  # fmt: skip
            return Moment("refused", response=found.response())
        key = get_path(event, "response", "id") or get(event, "response_id")
        if kind == "response.created":
            self.under_way[str(key)] = responses.ResponseEvents()
        # Pieces say to which item they belong, not to which response: the latest is the one that speaks.
        key = str(key) if type(key) is str else next(reversed(self.under_way), None)
        events = self.under_way.get(key) if key is not None else None
        if events is None:
            return None
        events.feed(event)
        if events.final is not None:
            self.under_way.pop(str(key), None)
            return Moment("over", key, response=events.final)
        if kind == "response.created":
            return Moment("begun", key)
        return Moment("said", key) if type(kind) is str and kind.endswith(".delta") else None

    def so_far(self, key: str) -> Response:
        """A response that was never completed."""
        events = self.under_way.pop(key, None)
        return Response() if events is None else events.response()


PIECES = tuple(
    session(modules, "Responses", "ResponsesConnection", ResponseSession, "responses", prefix)
    for prefix in ("", "Async")
    for modules in (responses.RESPONSES, responses.BETA)
)
