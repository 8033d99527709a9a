"""Audio: speech from text, and text from speech. Sound is recorded as a placeholder, never as samples."""

from __future__ import annotations

import json
from typing import Any

from mutagent.capture.media import bytes_placeholder
from mutagent.capture.plain import get, get_list, instance_dict
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.shapes.errors import request_id_of
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.shapes.uploads import upload
from mutagent.integrations.spec import Request, Response, Target
from mutagent.integrations.specs.openai.asked import asked

_SPEECH_DONE = b'"speech.audio.done"'


def speech_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be said, and how."""
    budget = Snapshot()
    asks = asked(given, instance, {"text": budget.take(given.get("input"))})
    asks.attributes["gen_ai.output.type"] = "speech"
    if type(given.get("instructions")) is str:
        asks.attributes["gen_ai.system_instructions"] = budget.take(given["instructions"])
    return asks


def speech_response(answer: Any) -> Response:
    """How much sound came: the client's binary answer, or its bytes."""
    http_response = get(answer, "response")
    body = answer if type(answer) is bytes else (instance_dict(http_response) or {}).get("_content")
    request_id = request_id_of(http_response)
    attributes = {} if request_id is None else {"mutagent.request_id": request_id}
    if type(body) is not bytes:
        return Response(attributes=attributes)
    placeholder = bytes_placeholder(body)
    return Response(
        output={"raw": {**placeholder, "type": "audio"}}, usage=usage(_told_at_the_end(body)), attributes=attributes
    )


def _told_at_the_end(body: bytes) -> Any:
    """The usage, which comes with the last of the events where speech is sent as events."""
    found = body.rfind(_SPEECH_DONE) if body.startswith((b"data:", b"event:")) else -1
    if found < 0:
        return None
    start, end = body.rfind(b"data:", 0, found), body.find(b"\n", found)
    return get(json.loads(body[start + len(b"data:") : end if end > 0 else None]), "usage")


def transcription_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be written down."""
    prompt = Snapshot().take(given.get("prompt"))
    text = [] if type(prompt) is not str else [{"type": "text", "text": prompt}]
    content = [upload(given.get("file"), "audio"), *text]
    asks = asked(given, instance, {"messages": [{"role": "user", "content": content}]})
    asks.attributes["gen_ai.output.type"] = "text"
    return asks


def transcription_response(answer: Any) -> Response:
    """The text: an object, or nothing but text where subtitles or plain text were asked for."""
    budget = Snapshot()
    if type(answer) is bytes:
        answer = answer.decode("utf-8", "replace")
    if type(answer) is str:
        return Response(output={"text": budget.take(answer)})
    attributes = facts(answer)
    for name in ("language", "duration"):
        value = get(answer, name)
        if type(value) in (str, int, float):
            attributes[f"mutagent.response.{name}"] = value
    output: dict[str, Any] = {"text": budget.take(get(answer, "text"))}
    segments = get_list(answer, "segments")
    if segments:
        output["raw"] = {"segments": budget.take(segments)}
    return Response(output=output, usage=usage(get(answer, "usage")), attributes=attributes)


class TranscriptionEvents:
    """Folds the events of a streamed transcription."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.segments: list[Any] = []
        self.usage: Any = None

    def feed(self, event: Any) -> None:
        """Take one event."""
        kind = get(event, "type")
        if kind == "transcript.text.delta":
            self.text.append(get(event, "delta") or "")
        elif kind == "transcript.text.segment":
            taken = Snapshot(4_096, 200).take(event)
            self.segments.append({name: value for name, value in taken.items() if name != "type"})
        elif kind == "transcript.text.done":
            self.text = [get(event, "text") or ""]
            self.usage = get(event, "usage")

    def response(self) -> Response:
        """The text so far."""
        return transcription_response({"text": "".join(self.text), "segments": self.segments, "usage": self.usage})


TARGETS = tuple(
    target
    for prefix in ("", "Async")
    for target in (
        Target(("openai.resources.audio.speech",), f"{prefix}Speech.create", "llm.completion", "generate_content",
               speech_request, speech_response),
        Target(("openai.resources.audio.transcriptions",), f"{prefix}Transcriptions.create", "llm.completion",
               "generate_content", transcription_request, transcription_response, TranscriptionEvents),
        Target(("openai.resources.audio.translations",), f"{prefix}Translations.create", "llm.completion",
               "generate_content", transcription_request, transcription_response),
    )
)  # fmt: skip
