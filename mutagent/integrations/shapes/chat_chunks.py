"""Streamed chat completions: their chunks folded into the completion that they amount to."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import fields_of, get, get_list, get_path
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.chat import REASONING_FIELDS, call_id, facts, message, thought_of, usage
from mutagent.integrations.shapes.servers import server_of_answer
from mutagent.integrations.spec import Response, Usage

# Not in OpenAI's own model of a delta; a client keeps them with its fields or beside them.
_RARE = frozenset({*REASONING_FIELDS, "annotations", "images"})


# Of a delta that is a piece of text and nothing else: what may stand beside it, and is not looked at.
_TEXT = frozenset({"content", "role", "token_id"})


class ChatChunks:
    """Folds the chunks of a streamed chat completion."""

    __slots__ = ("choices", "facts", "id", "model", "server", "typed", "usage")

    def __init__(self) -> None:
        self.choices: dict[int, _Choice] = {}
        self.id: str | None = None
        self.model: str | None = None
        self.facts: dict[str, Any] = {}
        self.server: str | None = None
        self.usage: Any = None
        # Whether the stream is known, has not come to an end, and is of models that tell which fields were sent.
        self.typed = False

    def feed(self, chunk: Any) -> None:
        """Take the deltas of one chunk."""
        if self.typed:
            # Most are a piece of text and nothing else. What was sent tells that at once: in half the time that it
            # takes to look for all that there may be.
            try:
                fields = chunk.__dict__
                if fields["usage"] is None:
                    (choice,) = fields["choices"]
                    said = choice.__dict__
                    delta = said["delta"]
                    parts, extra = delta.__dict__, delta.__pydantic_extra__
                    text = parts["content"]
                    if (
                        type(text) is str
                        and text
                        and not said["finish_reason"]
                        and (delta.__pydantic_fields_set__ <= _TEXT or _nones(parts) == len(parts) - 1)
                        and (not extra or _nones(extra) == len(extra))
                    ):
                        self.choices[said["index"]].text.append(text)
                        return
            except (AttributeError, KeyError, TypeError, ValueError):
                pass  # of another shape
        self.feed_any(chunk)

    def feed_any(self, chunk: Any) -> None:
        """Take the deltas of a chunk that may hold anything."""
        fields = chunk if type(chunk) is dict else chunk.__dict__
        if not (self.id or self.model) and (fields.get("id") or fields.get("model")):
            # Azure sends a first chunk about its content filter, in which id and model are empty.
            told = fields_of(chunk)
            self.id, self.model, self.facts = fields.get("id"), fields.get("model"), facts(chunk, told)
            self.server = server_of_answer(chunk, told)
        used, choices = fields.get("usage"), fields.get("choices")
        if used is not None:
            self.feed_usage(chunk, used)
        elif not choices:
            self.feed_groq(chunk)
        for choice in choices or ():
            said = choice if type(choice) is dict else choice.__dict__
            index = said.get("index") or 0
            state = self.choices.get(index)
            if state is None:
                if not self.choices:
                    self.typed = bool(self.id or self.model) and _is_typed(chunk, said)
                state = self.choices[index] = _Choice()
            state.feed(said)
            if state.finish_reason is not None:
                self.typed = False
                self.feed_groq(chunk)

    def feed_groq(self, chunk: Any) -> None:
        # Groq's comes with the reason why the model stopped: no other chunk is searched for it.
        if self.usage is None and (used := get_path(chunk, "x_groq", "usage")) is not None:
            self.feed_usage(chunk, used)

    def feed_usage(self, chunk: Any, used: Any) -> None:
        self.usage = used
        self.server = self.server or server_of_answer(chunk)

    def response(self) -> Response:
        """The completion so far."""
        budget = Snapshot()
        states = [self.choices[index] for index in sorted(self.choices)]
        return Response(
            model=self.model,
            id=self.id,
            finish_reasons=[state.finish_reason for state in states if state.finish_reason],
            output={"messages": [message(state.message(), budget) for state in states]} if states else None,
            usage=self.read_usage(self.usage),
            attributes=self.facts,
            server=self.server,
        )

    def read_usage(self, raw: Any) -> Usage | None:
        """Token counts, as the provider sends them."""
        return usage(raw)


class _Choice:
    """One choice of a stream: its text, its reasoning, its tool calls in the order they begin."""

    __slots__ = ("annotations", "audio", "by_index", "calls", "finish_reason", "function", "images", "reasoning",
                 "refusal", "text")  # fmt: skip

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.calls: list[dict[str, Any]] = []
        self.by_index: dict[Any, dict[str, Any]] = {}
        self.function: dict[str, Any] | None = None
        self.audio: dict[str, Any] | None = None
        self.annotations: list[Any] = []
        self.images: list[Any] = []
        self.finish_reason: str | None = None

    def feed(self, choice: dict[str, Any]) -> None:
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        delta = choice.get("delta")
        if delta is None:
            return
        parts = delta if type(delta) is dict else delta.__dict__
        extra = getattr(delta, "__pydantic_extra__", None) or {}
        text = parts.get("content")
        if type(text) is str and text:
            self.text.append(text)
            # Most deltas are that and nothing else: half of what a chunk cost was to look for more.
            if not extra and _nones(parts) == len(parts) - 1:
                return
        elif type(text) is list:
            self.feed_content(text)
        if parts.get("refusal"):
            self.refusal.append(parts["refusal"])
        for call in parts.get("tool_calls") or extra.get("tool_calls") or ():
            self.feed_call(call)
        if parts.get("function_call") is not None:
            self.function = _joined(self.function or {"name": None, "arguments": []}, parts["function_call"])
        audio = parts.get("audio") or extra.get("audio")
        if audio is not None:
            self.feed_audio(audio)
        for rare in (parts, extra):
            if not _RARE.isdisjoint(rare):
                self.feed_rare(rare)

    def feed_content(self, content: list[Any]) -> None:
        for part in content:
            thought, text = thought_of(part), get(part, "text")
            if thought is not None:
                self.reasoning.append(thought)
            elif type(text) is str:
                self.text.append(text)
            else:
                self.annotations.append(part)

    def feed_rare(self, parts: dict[str, Any]) -> None:
        reasoning = next((text for name in REASONING_FIELDS if type(text := parts.get(name)) is str and text), None)
        if reasoning is not None:
            self.reasoning.append(reasoning)
        self.annotations += get_list(parts, "annotations")
        self.images += get_list(parts, "images")

    def feed_audio(self, piece: Any) -> None:
        state = self.audio = self.audio or {"id": None, "transcript": "", "data": {"type": "media", "size": 0}}
        state["id"] = get(piece, "id") or state["id"]
        state["transcript"] += get(piece, "transcript") or ""
        data = get(piece, "data") or ""
        state["data"]["size"] += len(data) * 3 // 4 - data.count("=", -2)

    def feed_call(self, call: Any) -> None:
        index, identity = get(call, "index"), call_id(call)
        function = get(call, "function") or get(call, "custom")
        state = self.by_index.get(index)
        if state is None or _is_another(state, identity, index, function):
            state = self.by_index[index] = {"id": None, "name": None, "arguments": []}
            self.calls.append(state)
        state["id"] = identity or state["id"]
        _joined(state, function)

    def message(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"role": "assistant", "content": "".join(self.text) if self.text else None}
        joined = {"reasoning_content": "".join(self.reasoning), "refusal": "".join(self.refusal)}
        parts = {**joined, "annotations": self.annotations, "images": self.images, "audio": self.audio}
        plain.update({name: part for name, part in parts.items() if part})
        if self.calls:
            plain["tool_calls"] = [
                {
                    "id": call["id"],
                    "function": {"name": call["name"], "arguments": call.get("whole") or "".join(call["arguments"])},
                }
                for call in self.calls
            ]
        if self.function is not None:
            plain["function_call"] = {**self.function, "arguments": "".join(self.function["arguments"])}
        return plain


def _nones(fields: dict[str, Any]) -> int:
    return list(fields.values()).count(None)


def _is_typed(chunk: Any, choice: dict[str, Any]) -> bool:
    """Whether the chunks of a stream, by its first, are models that have each field and tell which were sent."""
    return (
        type(chunk) is not dict
        and "usage" in chunk.__dict__
        and "finish_reason" in choice
        and choice.get("index") is not None
        and getattr(choice.get("delta"), "__pydantic_fields_set__", None) is not None
    )


def _is_another(state: dict[str, Any], identity: Any, index: Any, function: Any) -> bool:
    """Whether a piece begins another call than ``state``: some hosts give all calls one index, some give none."""
    if identity and state["id"]:
        return bool(identity != state["id"])
    return index is None and bool(state["name"] and get(function, "name"))


def _joined(state: dict[str, Any], function: Any) -> dict[str, Any]:
    state["name"] = get(function, "name") or state["name"]
    piece = get(function, "arguments") or get(function, "input")
    if type(piece) is str:
        state["arguments"].append(piece)
    elif piece:
        state["whole"] = piece  # Ollama sends a call at once, as objects
    return state


def ask_usage(given: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments with ``include_usage`` set, where a stream is asked for and nothing was said about usage."""
    options = given.get("stream_options")
    if given.get("stream") is not True or (options is not None and type(options) is not dict):
        return None
    if options is not None and "include_usage" in options:
        return None
    return {**given, "stream_options": {**(options or {}), "include_usage": True}}


def only_usage(chunk: Any) -> bool:
    """Whether a chunk carries the usage and nothing else."""
    return not get(chunk, "choices") and get(chunk, "usage") is not None
