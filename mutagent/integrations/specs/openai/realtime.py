"""Realtime: a span for the session, and one for each response.

A response is asked for by the program, or begun by the service when somebody stopped speaking.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from mutagent.capture.plain import fields_of, get, read, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import items
from mutagent.integrations.shapes.request import text_of
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.spec import Moment, Request, Response
from mutagent.integrations.specs.openai import realtime_responses
from mutagent.integrations.specs.openai.connections import session

_MAX_ITEMS = 200
_ITEM_BYTES = 16_384
_ITEM_EVENTS = frozenset({"conversation.item.created", "conversation.item.added", "conversation.item.done"})
_SETTINGS = frozenset({"session.created", "session.updated", "transcription_session.created",
                       "transcription_session.updated"})  # fmt: skip
_TRANSCRIPTION = "conversation.item.input_audio_transcription."
_TRANSCRIBES = ("llm.completion", "generate_content")


class Conversation:
    """Follows a Realtime session: its settings, the items said so far, and the responses."""

    def __init__(self, asked: Request, instance: Any) -> None:
        self.asked = asked
        self.session: dict[str, Any] = {}
        # The items by their ids, as messages; what was said is corrected later, when it has been transcribed.
        self.items: OrderedDict[str, Any] = OrderedDict()
        # What the program asked for, with the id of its event, until the response begins.
        self.wanted: list[tuple[str | None, Any]] = []
        self.texts: dict[str, list[str]] = {}

    def sent(self, event: Any) -> Moment | None:
        """Responses are asked for; everything else the provider confirms."""
        if read_str(event, "type") != "response.create":
            return None
        self.wanted.append((read_str(event, "event_id"), Snapshot().take(read(event, "response"))))
        return Moment("asked")

    def received(self, event: Any) -> Moment | None:
        """What an event of the provider's means."""
        kind = get(event, "type")
        if kind in _SETTINGS:
            return self.told(get(event, "session"))
        if kind in _ITEM_EVENTS:
            self.add(get(event, "item"))
        elif type(kind) is str and (kind == "input_audio_buffer.committed" or kind.startswith(_TRANSCRIPTION)):
            return self.transcribed(kind, str(get(event, "item_id")), event)
        elif kind == "conversation.item.deleted":
            self.items.pop(str(get(event, "item_id")), None)
        elif kind == "response.created":
            return self.begun(get(event, "response"))
        elif kind == "response.done":
            return self.over(get(event, "response"))
        elif kind == "error":
            return self.refused(get(event, "error"))
        elif type(kind) is str and kind.endswith(".delta") and type(get(event, "response_id")) is str:
            return self.said(get(event, "response_id"), kind, get(event, "delta"))
        return None

    def told(self, session: Any) -> Moment:
        """The session's settings, as they are from here on."""
        taken = Snapshot().take(session)
        self.session = taken if type(taken) is dict else {}
        attributes = {"gen_ai.conversation.id": self.session.get("id")}
        found = {name: value for name, value in attributes.items() if type(value) is str}
        return Moment("told", response=Response(model=text_of(self.session.get("model")), attributes=found))

    def add(self, item: Any) -> None:
        """An item is part of the conversation, or is now as it stays."""
        key = str(get(item, "id"))
        self.items[key] = items.message(fields_of(item), Snapshot(_ITEM_BYTES))
        while len(self.items) > _MAX_ITEMS:
            self.items.popitem(last=False)

    def transcribed(self, kind: str, item: str, event: Any) -> Moment | None:
        """Another model writes down what was said, from the moment when all of it is there."""
        key = f"transcription of {item}"
        request = realtime_responses.transcription_request(self.session, self.asked)
        if kind == "input_audio_buffer.committed":
            return None if request is None else Moment("beside", key, request, of=_TRANSCRIBES)
        if kind.endswith(".delta"):
            return Moment("said", key)
        error = get(event, "error")
        found = Response(usage=usage(get(event, "usage")))
        if kind.endswith(".completed"):
            text = Snapshot(_ITEM_BYTES).take(get(event, "transcript"))
            found.output = {"text": text}
            message = self.items.get(item)
            if type(message) is dict:
                self.items[item] = {**message, "content": [{"type": "input_audio", "transcript": text}]}
        elif kind.endswith(".failed"):
            found.error = text_of(get(error, "message")) or "failed"
            found.attributes = realtime_responses.error_code(error)
        else:
            return None
        return Moment("over", key, request or Request(provider=self.asked.provider), found, _TRANSCRIBES)

    def begun(self, answer: Any) -> Moment:
        """A response begins: it answers what was said so far, unless it was given an input of its own."""
        wanted = self.wanted.pop(0)[1] if self.wanted else None
        return Moment("begun", str(get(answer, "id")), self.request(wanted))

    def request(self, wanted: Any) -> Request:
        """What a response is asked for."""
        return realtime_responses.request(wanted, self.session, list(self.items.values()), self.asked)

    def said(self, key: str, kind: str, delta: Any) -> Moment:
        """A piece of a response; of sound, only that it came."""
        if type(delta) is str and "audio.delta" not in kind and "arguments" not in kind:
            self.texts.setdefault(key, []).append(delta)
        return Moment("said", key)

    def over(self, answer: Any) -> Moment:
        """A response is done, whatever came of it."""
        key = str(get(answer, "id"))
        self.texts.pop(key, None)
        return Moment("over", key, response=realtime_responses.response(answer))

    def refused(self, error: Any) -> Moment | None:
        """What the provider would not do; an error names the event that it is about where that has an id."""
        about = get(error, "event_id")
        if not self.wanted or (type(about) is str and self.wanted[0][0] != about):
            return None
        found = Response(
            error=text_of(get(error, "message")) or "refused", attributes=realtime_responses.error_code(error)
        )
        return Moment("refused", request=self.request(self.wanted.pop(0)[1]), response=found)

    def so_far(self, key: str) -> Response:
        """A response that was never done: the text that came."""
        text = "".join(self.texts.pop(key, []))
        return Response(id=key, output={"messages": [{"role": "assistant", "content": text}]} if text else None)


_MODULES = (("openai.resources.realtime.realtime",), ("openai.resources.beta.realtime.realtime",))

PIECES = tuple(
    session(modules, "Realtime", "RealtimeConnection", Conversation, "realtime", prefix)
    for prefix in ("", "Async")
    for modules in _MODULES
)
