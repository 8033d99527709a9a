"""What is said in an interaction, in wire form: by steps, or by blocks of content before there were steps."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, read, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.chat import arguments
from mutagent.integrations.specs.google.fields import named, told
from mutagent.integrations.specs.google.parts import media

_MEDIA = frozenset({"image", "audio", "video", "document", "file"})


def messages(value: Any, system: Any, budget: Snapshot) -> dict[str, Any]:
    """What a request says, as an input object, the system instruction first."""
    head = [] if system is None else [{"role": "system", "content": system}]
    if type(value) is str:
        return {"messages": [*head, {"role": "user", "content": budget.text(value)}]}
    turns: list[Any] = []
    for item in as_list(value) or ([] if value is None else [value]):
        if read_str(item, "role") is not None or read_str(item, "type") in ("user_input", "model_output"):
            turns.append(item)
        elif turns and type(turns[-1]) is list:
            turns[-1].append(item)
        else:
            turns.append([item])
    found = budget.sequence(turns, lambda turn: _turn(turn, budget))
    return {"messages": [*head, *(one for group in found for one in (group if type(group) is list else [group]))]}


def _turn(turn: Any, budget: Snapshot) -> list[dict[str, Any]]:
    said = Steps(budget)
    if type(turn) is list:
        for item in turn:
            said.add(item)
        return said.messages("assistant" if said.calls and not said.parts else "user")
    content = read(turn, "content")
    for item in as_list(content) or [content]:
        said.add({"type": "text", "text": item} if type(item) is str else item)
    by_model = read_str(turn, "role") in ("model", "assistant") or read_str(turn, "type") == "model_output"
    return said.messages("assistant" if by_model else "user")


class Steps:
    """What one side says in steps or blocks of content: text, thoughts, calls with their results, media."""

    __slots__ = ("budget", "calls", "parts", "results")

    def __init__(self, budget: Snapshot) -> None:
        self.budget = budget
        self.parts: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []

    def add(self, item: Any) -> None:
        """Take one step or block."""
        fields = named(item)
        kind = read_str(fields, "type") or ""
        if kind == "model_output":
            for block in as_list(fields.get("content")):
                self.add(block)
        elif kind == "text":
            self._add_text(fields)
        elif kind == "thought":
            words = [read_str(block, "text") or "" for block in as_list(fields.get("summary"))]
            self.parts += [{"type": "reasoning", "text": self.budget.text("\n".join(words))}] if any(words) else []
        elif kind == "function_call" or (kind.endswith("_call") and kind not in ("processing_call",)):
            self._add_call(kind, fields)
        elif kind.endswith("_result"):
            self._add_result(fields)
        elif kind in _MEDIA:
            self._add_media(kind, fields)
        elif fields:
            self.parts.append(named(told(item, self.budget)))

    def _add_text(self, fields: dict[str, Any]) -> None:
        cited = fields.get("annotations")
        more = {"annotations": told(cited, self.budget)} if as_list(cited) else {}
        self.parts.append({"type": "text", "text": self.budget.take(fields.get("text")), **more})

    def _add_call(self, kind: str, fields: dict[str, Any]) -> None:
        given = told(arguments(fields.get("arguments")), self.budget)
        name = read_str(fields, "name")
        name = kind.removesuffix("_call") if name is None else name
        self.calls.append({"id": read_str(fields, "id"), "name": name, "arguments": given})

    def _add_result(self, fields: dict[str, Any]) -> None:
        identity = read_str(fields, "call_id")
        content = told(fields.get("result"), self.budget, "result")
        for call in self.calls:
            if identity is not None and call["id"] == identity:
                call["result"] = content
                return
        plain = {"role": "tool", "content": content, "toolCallId": identity}
        name = read_str(fields, "name")
        if name is not None:
            plain["name"] = name
        if fields.get("is_error") is True:
            plain["isError"] = True
        self.results.append(plain)

    def _add_media(self, kind: str, fields: dict[str, Any]) -> None:
        found = media(read_str(fields, "mime_type"), self.budget, fields.get("data"), fields.get("uri"))
        self.parts.append({**found, "type": kind})

    def messages(self, role: str) -> list[dict[str, Any]]:
        """The message, and before it one for each result of a tool that the program ran."""
        if self.results and not self.parts and not self.calls:
            return self.results
        content: Any = self.parts or None
        if self.parts and all(part.keys() == {"type", "text"} and part["type"] == "text" for part in self.parts):
            content = "".join(str(part["text"]) for part in self.parts)
        plain: dict[str, Any] = {"role": role, "content": content}
        if self.calls:
            plain["toolCalls"] = self.calls
        return [*self.results, plain]
