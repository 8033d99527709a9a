"""Completions of one prompt, in the shape of OpenAI's legacy API: whole, and streamed as chunks."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat
from mutagent.integrations.spec import Response


def response(answer: Any) -> Response:
    """A whole completion."""
    return _completion(
        get(answer, "id"), get(answer, "model"), get_list(answer, "choices"), get(answer, "usage"), chat.facts(answer)
    )


def _completion(identity: Any, model: Any, choices: list[Any], usage: Any, attributes: dict[str, Any]) -> Response:
    budget = Snapshot()
    texts = [budget.take(get(choice, "text")) for choice in choices]
    return Response(
        model=model,
        id=identity,
        finish_reasons=[reason for choice in choices if (reason := get(choice, "finish_reason"))],
        output={"text": texts[0]} if len(texts) == 1 else {"raw": texts},
        usage=chat.usage(usage),
        attributes=attributes,
    )


class CompletionChunks:
    """Folds the chunks of a streamed completion."""

    def __init__(self) -> None:
        self.first: tuple[Any, Any, dict[str, Any]] = (None, None, {})
        self.texts: dict[int, list[str]] = {}
        self.reasons: dict[int, str] = {}
        self.usage: Any = None

    def feed(self, chunk: Any) -> None:
        """Take the text of one chunk."""
        if self.first[0] is None:
            self.first = (get(chunk, "id"), get(chunk, "model"), chat.facts(chunk))
        self.usage = get(chunk, "usage") or self.usage
        for choice in get_list(chunk, "choices"):
            index = get(choice, "index") or 0
            self.texts.setdefault(index, []).append(self.text_of(choice))
            if get(choice, "finish_reason"):
                self.reasons[index] = get(choice, "finish_reason")

    def text_of(self, choice: Any) -> str:
        """What one chunk adds to a choice."""
        return get(choice, "text") or ""

    def response(self) -> Response:
        """The completion so far."""
        identity, model, attributes = self.first
        choices = [
            {"text": "".join(self.texts[index]), "finish_reason": self.reasons.get(index)}
            for index in sorted(self.texts)
        ]
        return _completion(identity, model, choices, self.usage, attributes)
