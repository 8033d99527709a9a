"""The parts of one of Gemini's contents in wire form: text, thoughts, calls, results and media."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.specs.google.fields import named, told

_MEDIA = ("image", "audio", "video")
# What a part may be besides text, calls and media: tools that run at the provider, and what they gave.
_OTHERS = ("executable_code", "code_execution_result", "tool_call", "tool_response")


class Parts:
    """The parts of one message, whole or as they come in the chunks of a stream.

    Args:
        budget: what is copied is copied within it.
        joins: whether a text goes on in the next part, as it does in answers.
    """

    __slots__ = ("budget", "calls", "joins", "open_call", "parts", "results")

    def __init__(self, budget: Snapshot, joins: bool = False) -> None:
        self.budget = budget
        self.joins = joins
        self.parts: list[Any] = []
        self.calls: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []
        self.open_call: dict[str, Any] | None = None

    def add(self, part: Any) -> None:
        """Take one part."""
        if type(part) is str:
            self._add_text("text", part)
            return
        fields = named(part)
        text = read_str(fields, "text")
        if text is not None:
            self._add_text("reasoning" if fields.get("thought") is True else "text", text)
        elif "function_call" in fields:
            self._add_call(named(fields["function_call"]))
        elif "function_response" in fields:
            self._add_result(named(fields["function_response"]))
        elif "inline_data" in fields:
            blob = named(fields["inline_data"])
            self.parts.append(media(read_str(blob, "mime_type"), self.budget, data=blob.get("data")))
        elif "file_data" in fields:
            file = named(fields["file_data"])
            self.parts.append(media(read_str(file, "mime_type"), self.budget, uri=file.get("file_uri")))
        elif "uri" in fields:  # an uploaded file
            self.parts.append(media(read_str(fields, "mime_type"), self.budget, uri=fields["uri"]))
        else:
            self._add_other(part, fields)

    def _add_text(self, kind: str, text: str) -> None:
        last = self.parts[-1] if self.parts else None
        if self.joins and type(last) is dict and last["type"] == kind and "pieces" in last:
            last["pieces"].append(text)
        elif text or not (self.parts or self.calls):
            self.parts.append({"type": kind, "pieces": [text]})

    def _add_call(self, call: dict[str, Any]) -> None:
        if self.open_call is None or "name" in call:
            self.open_call = {"id": read_str(call, "id"), "name": read_str(call, "name"), "arguments": None}
            self.calls.append(self.open_call)
        if "args" in call:
            self.open_call["arguments"] = self.budget.take(call["args"])
        for piece in as_list(call.get("partial_args")):
            self.open_call["arguments"] = self.open_call["arguments"] or {}
            _add_argument(self.open_call["arguments"], named(piece), self.budget)
        if call.get("will_continue") is not True:
            self.open_call = None

    def _add_result(self, result: dict[str, Any]) -> None:
        plain: dict[str, Any] = {"role": "tool", "content": self.budget.take(result.get("response"))}
        for name, wire in (("name", "name"), ("id", "toolCallId")):
            if name in result:
                plain[wire] = read_str(result, name)
        # The one key that Gemini's own documentation keeps for a failure.
        if type(plain["content"]) is dict and plain["content"].keys() == {"error"}:
            plain["isError"] = True
        self.results.append(plain)

    def _add_other(self, part: Any, fields: dict[str, Any]) -> None:
        kind = next((name for name in _OTHERS if name in fields), None)
        if kind is not None:
            self.parts.append({"type": kind, **named(told(fields[kind], self.budget))})
        elif type(part) is not dict and not fields:
            self.parts.append(self.budget.take(part))
        elif fields.keys() - {"thought", "thought_signature"}:
            self.parts.append(told(fields, self.budget))

    def content(self) -> Any:
        """What a message of these parts says: a lone text plainly, without a list around it."""
        parts = [self._whole(part) for part in self.parts]
        if len(parts) == 1 and type(parts[0]) is dict and parts[0].keys() == {"type", "text"}:
            return parts[0]["text"] if parts[0]["type"] == "text" else parts
        return parts or None

    def _whole(self, part: Any) -> Any:
        if type(part) is not dict or "pieces" not in part:
            return part
        return {"type": part["type"], "text": self.budget.text("".join(part["pieces"]))}

    def messages(self, role: str) -> list[dict[str, Any]]:
        """The message, and before it one for each tool's result."""
        if self.results and not self.parts and not self.calls:
            return self.results
        plain: dict[str, Any] = {"role": role, "content": self.content()}
        if self.calls:
            plain["toolCalls"] = self.calls
        return [*self.results, plain]


def media(media_type: str | None, budget: Snapshot, data: Any = None, uri: Any = None) -> dict[str, Any]:
    """What stands for an image, a sound, a video or a file: what it is, and its size and digest or where it is."""
    kind = (media_type or "").partition("/")[0]
    found: dict[str, Any] = {"type": kind if kind in _MEDIA else "file"}
    if media_type is not None:
        found["media_type"] = media_type
    taken = budget.take(data, "data")
    if type(taken) is dict:
        found.update({name: taken[name] for name in ("size", "digest") if name in taken})
    elif taken is not None:
        found["data"] = taken
    if uri is not None:
        found["uri"] = budget.take(uri)
    return found


def _add_argument(arguments: dict[str, Any], piece: dict[str, Any], budget: Snapshot) -> None:
    """Take a piece of a call's arguments that are streamed, by the path at which it belongs; texts come in pieces."""
    path = read_str(piece, "json_path") or ""
    name = path.removeprefix("$.")
    text = read_str(piece, "string_value")
    if text is not None:
        before = arguments.get(name)
        arguments[name] = (before if type(before) is str else "") + budget.text(text)
    else:
        arguments[name] = next((piece[kind] for kind in ("number_value", "bool_value") if kind in piece), None)
