"""Audio: speech from text, and text from speech. Sound is recorded as a placeholder, never as samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mutagent.capture.media import bytes_placeholder
from mutagent.capture.plain import get, get_list, instance_dict
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.shapes.errors import request_id_of
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.shapes.uploads import upload
from mutagent.integrations.spec import Chunks, Request, Response, Target

_SPEECH_DONE = b'"speech.audio.done"'


def speech_request_of(provider: str) -> Callable[[dict[str, Any], Any], Request]:
    """Reads what is to be said, and how."""

    def request(given: dict[str, Any], instance: Any) -> Request:
        budget = Snapshot()
        asks = asked(given, instance, {"text": budget.take(given.get("input"))}, provider=provider)
        asks.attributes["gen_ai.output.type"] = "speech"
        if type(given.get("instructions")) is str:
            asks.attributes["gen_ai.system_instructions"] = budget.take(given["instructions"])
        return asks

    return request


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


def transcription_request_of(provider: str) -> Callable[[dict[str, Any], Any], Request]:
    """Reads what is to be written down."""

    def request(given: dict[str, Any], instance: Any) -> Request:
        prompt = Snapshot().take(given.get("prompt"))
        text = [] if type(prompt) is not str else [{"type": "text", "text": prompt}]
        content = [upload(given.get("file"), "audio"), *text]
        asks = asked(given, instance, {"messages": [{"role": "user", "content": content}]}, provider=provider)
        asks.attributes["gen_ai.output.type"] = "text"
        return asks

    return request


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


def targets_of(
    provider: str,
    modules: str,
    streams: Callable[[], Chunks] | None = None,
    speech: Callable[[], Chunks] | None = None,
    suffix: str = "",
) -> tuple[Target, ...]:
    """The targets of a generated client.

    Args:
        provider: who answers, unless the client's base URL names another.
        modules: the package that holds its ``audio`` resources.
        streams: makes the accumulator of a transcription that comes as a stream, where there is such a thing.
        speech: the same, of speech.
        suffix: what the names of its classes end with.
    """
    said = transcription_request_of(provider)
    return tuple(
        target
        for prefix in ("", "Async")
        for target in (
            Target((f"{modules}.speech",), f"{prefix}Speech{suffix}.create", "llm.completion", "generate_content",
                   speech_request_of(provider), speech_response, speech),
            Target((f"{modules}.transcriptions",), f"{prefix}Transcriptions{suffix}.create", "llm.completion",
                   "generate_content", said, transcription_response, streams),
            Target((f"{modules}.translations",), f"{prefix}Translations{suffix}.create", "llm.completion",
                   "generate_content", said, transcription_response),
        )
    )  # fmt: skip
