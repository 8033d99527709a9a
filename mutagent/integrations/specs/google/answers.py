"""What Gemini answers, whole or in chunks, and what it counts."""

from __future__ import annotations

import json
from typing import Any

from mutagent.capture.plain import get, get_list, get_path, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Response, Usage
from mutagent.integrations.specs.google.fields import named, told
from mutagent.integrations.specs.google.parts import Parts

# Fields of an answer that hold what a model or a tool said, by names of their own.
_FREE = frozenset({"args", "response"})


def usage(raw: Any) -> Usage | None:
    """Token counts: the prompt's include cached ones here; thoughts are counted apart and are part of the output.

    What the provider's tools put into the prompt is counted apart as well, and stands in an attribute of its own. The
    Live API counts a response, not candidates.
    """
    if raw is None:
        return None
    count = get(raw, "candidates_token_count")
    candidates = whole(get(raw, "response_token_count") if count is None else count)
    thoughts = whole(get(raw, "thoughts_token_count"))
    return Usage(
        input=whole(get(raw, "prompt_token_count")),
        output=candidates if thoughts is None else (candidates or 0) + thoughts,
        total=whole(get(raw, "total_token_count")),
        cache_read=whole(get(raw, "cached_content_token_count")),
        reasoning=thoughts,
        input_audio=_audio(get(raw, "prompt_tokens_details")),
        output_audio=_audio(get(raw, "candidates_tokens_details") or get(raw, "response_tokens_details")),
        raw=told(raw, Snapshot(4_096, 200)),
    )


def _audio(details: Any) -> int | None:
    counts = [whole(get(each, "token_count")) for each in details or () if read_str(each, "modality") == "AUDIO"]
    return counts[0] if counts else None


class Answer:
    """Folds an answer, whole or in chunks, into the messages it amounts to."""

    __slots__ = ("attributes", "budget", "cited", "id", "model", "reasons", "said", "usage")

    def __init__(self) -> None:
        self.budget = Snapshot()
        self.said: dict[int, Parts] = {}
        self.reasons: dict[int, str] = {}
        self.cited: dict[int, dict[str, Any]] = {}
        self.attributes: dict[str, Any] = {}
        self.model: str | None = None
        self.id: str | None = None
        self.usage: Any = None

    def feed(self, chunk: Any) -> None:
        """Take a chunk, or a whole answer."""
        self.model = get(chunk, "model_version") or self.model
        self.id = get(chunk, "response_id") or self.id
        usage_metadata = get(chunk, "usage_metadata")
        if usage_metadata is not None:
            self.usage = usage_metadata
        for position, candidate in enumerate(get_list(chunk, "candidates")):
            index = get(candidate, "index")
            self._feed(position if index is None else index, candidate)
        feedback = get(chunk, "prompt_feedback")
        if feedback is not None:
            self._feed_block(feedback)

    def _feed(self, index: int, candidate: Any) -> None:
        said = self.said.get(index)
        if said is None:
            said = self.said[index] = Parts(self.budget, joins=True)
        for part in get_list(get(candidate, "content"), "parts"):
            said.add(part)
        reason = read_str(candidate, "finish_reason")
        if reason is not None:
            self.reasons[index] = reason
        for name in ("grounding_metadata", "citation_metadata", "url_context_metadata"):
            found = get(candidate, name)
            if found is not None:
                self.cited.setdefault(index, {})[name] = found

    def _feed_block(self, feedback: Any) -> None:
        for name in ("block_reason", "block_reason_message"):
            value = read_str(feedback, name)
            if value is not None:
                self.attributes["mutagent.response." + name] = value

    def _message(self, index: int) -> list[dict[str, Any]]:
        found = self.said[index].messages("assistant")
        cited = self.cited.get(index, {})
        sources = [{"type": name, **named(told(value, self.budget))} for name, value in cited.items()]
        if sources:
            content = found[-1]["content"]
            parts = [{"type": "text", "text": content}] if type(content) is str else content or []
            found[-1]["content"] = [*parts, *sources]
        return found

    def response(self) -> Response:
        """The answer so far. Where the prompt was blocked, the reason for that is the reason for the end."""
        attributes = dict(self.attributes)
        tools = whole(get(self.usage, "tool_use_prompt_token_count"))
        if tools is not None:
            attributes["mutagent.usage.tool_use.input_tokens"] = tools
        blocked = attributes.get("mutagent.response.block_reason")
        reasons = [self.reasons[index] for index in sorted(self.reasons)]
        said = [one for index in sorted(self.said) for one in self._message(index)]
        return Response(
            model=self.model,
            id=self.id,
            finish_reasons=reasons or ([] if blocked is None else [blocked]),
            output={"messages": said} if said else None,
            usage=usage(self.usage),
            attributes=attributes,
        )


def response(answer: Any) -> Response:
    """A whole answer."""
    found = Answer()
    found.feed(_unparsed(answer) or answer)
    return found.response()


def _unparsed(answer: Any) -> Any:
    """The JSON of an answer of which the program wanted the HTTP response only."""
    body = get_path(answer, "sdk_http_response", "body")
    if type(body) is not str or get(answer, "candidates") is not None:
        return None
    return _by_client_names(json.loads(body))


def _by_client_names(value: Any) -> Any:
    if type(value) is list:
        return [_by_client_names(item) for item in value]
    if type(value) is not dict:
        return value
    return {name: item if name in _FREE else _by_client_names(item) for name, item in named(value).items()}
