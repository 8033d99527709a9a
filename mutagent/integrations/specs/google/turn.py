"""One turn of the model's in a session of the Live API, as it comes in messages."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Response
from mutagent.integrations.specs.google.answers import usage
from mutagent.integrations.specs.google.parts import Parts, media


class Turn:
    """What the model has said in one turn so far. Of sound only its size is kept, and what was written down of it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.parts = Parts(Snapshot(), joins=True)
        self.usage: Any = None
        self.sound: str | None = None
        self.bytes = 0
        self.transcript: list[str] = []

    def feed(self, message: Any) -> None:
        """Take what one message says."""
        content = get(message, "server_content")
        for part in get_list(get(content, "model_turn"), "parts"):
            blob = get(part, "inline_data")
            data, kind = get(blob, "data"), get(blob, "mime_type")
            if type(kind) is str and kind.startswith("audio/") and type(data) is bytes:
                self.sound, self.bytes = kind, self.bytes + len(data)
            else:
                self.parts.add(part)
        for call in get_list(get(message, "tool_call"), "function_calls"):
            self.parts.add({"function_call": call})
        self.transcript.append(read_str(get(content, "output_transcription"), "text") or "")
        self.usage = get(message, "usage_metadata") or self.usage

    def response(self, reason: str | None = None) -> Response:
        """The turn so far."""
        transcript = self.parts.budget.take("".join(self.transcript))
        if self.sound is not None or transcript:
            spoken = media(self.sound or "audio/pcm", self.parts.budget)
            size = {"size": self.bytes} if self.bytes else {}
            self.parts.parts.append({**spoken, **size, **({"transcript": transcript} if transcript else {})})
        said = self.parts.parts or self.parts.calls
        return Response(
            finish_reasons=[] if reason is None else [reason],
            output={"messages": self.parts.messages("assistant")} if said else None,
            usage=usage(self.usage),
        )
