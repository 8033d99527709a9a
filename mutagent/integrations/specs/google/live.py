"""The Live API: a span for the session, and one for each turn of the model's.

A turn is asked for by the program, or begun by the service when somebody stopped speaking. It ends when the model has
said all, is interrupted, or calls a function: what it says to the result is a turn of its own.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, is_blank, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Moment, Request, Response, Session, Target
from mutagent.integrations.specs.google import generate
from mutagent.integrations.specs.google.contents import messages
from mutagent.integrations.specs.google.turn import Turn

_MAX_MESSAGES = 200
_MESSAGE_BYTES = 16_384
# Somebody may speak for hours before the model says a word.
_MAX_PIECES = 4_096
_TURN = ("llm.chat", "chat")
_MODULES = ("google.genai.live",)


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a session is connected for: its configuration is that of each turn."""
    found = generate.request({name: given.get(name) for name in ("model", "config")}, instance)
    found.input = None
    return found


class Turns:
    """Follows a session: what was said so far, and the model's turn."""

    def __init__(self, asked: Request, instance: Any) -> None:
        self.asked = asked
        self.said: deque[Any] = deque(maxlen=_MAX_MESSAGES)
        # What somebody says, as it is written down piece by piece.
        self.heard: deque[str] = deque(maxlen=_MAX_PIECES)
        self.turn: Turn | None = None
        self.count = 0

    def sent(self, event: Any) -> Moment | None:
        """A method's arguments by name: turns, functions' results, text among sound, or what was once sent by one."""
        given = fields_of(event)
        if "input" in given:
            given = _told_apart(given["input"], given.get("end_of_turn"))
        if "function_responses" in given:
            results = given["function_responses"]
            self.add({"parts": [{"function_response": result} for result in as_list(results) or [results]]})
        elif "turns" in given or "turn_complete" in given:
            self.add(given.get("turns"))
            if given.get("turn_complete") is False:
                return None
        elif type(given.get("text")) is str:
            self.add(given["text"])
        elif given.get("activity_end") is None:
            return None
        return self.begun() if self.turn is None else None

    def add(self, contents: Any) -> None:
        """Something is said."""
        if not is_blank(contents):
            self.said.extend(messages(contents, None, Snapshot(_MESSAGE_BYTES))["messages"])

    def begun(self) -> Moment:
        """The model's turn."""
        self.count += 1
        self.turn = Turn(str(self.count))
        return Moment("begun", self.turn.key, self.request())

    def request(self) -> Request:
        """What a turn answers: all that was said so far."""
        if self.heard:
            transcript = Snapshot(_MESSAGE_BYTES).take("".join(self.heard))
            self.said.append({"role": "user", "content": [{"type": "audio", "transcript": transcript}]})
            self.heard.clear()
        asked = self.asked
        system = asked.attributes.get("gen_ai.system_instructions")
        head = [] if system is None else [{"role": "system", "content": system}]
        modalities = asked.parameters.get("response_modalities")
        output = "text" if type(modalities) is list and "AUDIO" not in modalities else "speech"
        return Request(
            model=asked.model,
            provider=asked.provider,
            input={"messages": [*head, *self.said]},
            parameters=asked.parameters,
            attributes={**asked.attributes, "gen_ai.output.type": output},
            server=asked.server,
            streamed=True,
        )

    def received(self, event: Any) -> Moment | None:
        """What a message of the service's means."""
        content = get(event, "server_content")
        heard = read_str(get(content, "input_transcription"), "text")
        self.heard += [heard] if heard else []
        calls = get(event, "tool_call") is not None
        says = calls or any(get(content, name) is not None for name in ("model_turn", "output_transcription"))
        begun = self.begun() if says and self.turn is None else None
        turn = self.turn
        if turn is None:
            return None
        turn.feed(event)
        ended = next((name for name in ("interrupted", "turn_complete") if get(content, name) is True), None)
        if ended is None and not calls:
            return begun or (Moment("said", turn.key) if says else None)
        self.turn = None
        found = turn.response(read_str(content, "turn_complete_reason") or ended or "tool_call")
        self.said.extend((found.output or {}).get("messages", ()))
        return Moment("over", turn.key, None if begun is None else begun.request, found, _TURN)

    def so_far(self, key: str) -> Response:
        """A turn that was never over."""
        return Response() if self.turn is None else self.turn.response()


def _told_apart(value: Any, ends: Any) -> dict[str, Any]:
    """What the one method of older versions was given, as what the methods of today take."""
    first = fields_of((as_list(value) or [value])[0])
    if "response" in first:
        return {"function_responses": value}
    if "data" in first or "media_chunks" in first:
        return {}
    if "function_responses" in first:
        return first
    said, ended = (first["turns"], first.get("turn_complete")) if "turns" in first else (value, ends)
    return {"turns": said, "turn_complete": ended is True}


PIECES = (
    Session(
        call=Target(_MODULES, "AsyncLive.connect", "chain", "realtime", request),
        response=_TURN,
        modules=_MODULES,
        enters=(),
        connection="AsyncSession",
        events=Turns,
        sends=("send_client_content", "send_realtime_input", "send_tool_response", "send"),
        parse="_receive",
    ),
)
