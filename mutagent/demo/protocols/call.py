"""One request with the reply it gets, and what every protocol needs to write it down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mutagent.demo.protocols.tokens import count, texts
from mutagent.demo.script import Asked, Failure, Reply

# Replies are reproducible to the byte, so their clock stands still: 2026-01-01T00:00:00Z.
CREATED = 1_767_225_600

Json = dict[str, Any]
# The name of a server-sent event (None: it has none) and its data.
Event = tuple[str | None, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request's body, what it asks, the reply, and a suffix for the ids in the answer."""

    body: Json
    asked: Asked
    reply: Reply
    ident: str

    @property
    def model(self) -> str:
        """The model that answers."""
        return self.reply.model or self.asked.model

    @property
    def fresh_tokens(self) -> int:
        """Tokens of the request that no cache had a part in."""
        return count(self.asked.text)

    @property
    def input_tokens(self) -> int:
        """All tokens of the request."""
        return self.fresh_tokens + self.reply.cached_tokens + self.reply.cache_creation_tokens

    @property
    def thinking_tokens(self) -> int:
        """Tokens of the reasoning."""
        return count(self.reply.thinking or "")

    @property
    def output_tokens(self) -> int:
        """All tokens of the reply, those of the reasoning included."""
        called = sum(count(tool.name) + count(tool.arguments_json) for tool in self.reply.tools)
        return self.thinking_tokens + count(self.reply.text or "") + count(self.reply.refusal or "") + called

    def tool_id(self, prefix: str, index: int) -> str:
        """The id of the reply's tool call number ``index``."""
        return f"{prefix}_{self.ident}{index}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path of a provider: how its request is read and its answers are written.

    ``path`` is how the request's path ends, so that prefixes such as Azure's deployments fit as well. ``events`` is
    None where the endpoint does not stream.
    """

    path: str
    read: Callable[[Json], Asked]
    body: Callable[[Call], Json]
    failure: Callable[[Failure, str], Json]
    request_id_header: str
    events: Callable[[Call], Iterator[Event]] | None = None
    error_event: Callable[[Failure], Event] | None = None


def all_text(*parts: Any) -> str:
    """The text of messages, prompts and (as JSON) tool definitions, for counting."""
    return "\n".join(text for part in parts for text in texts(part))


def as_json(definitions: Any) -> str:
    """Tool definitions as the text that a model reads."""
    return json.dumps(definitions) if definitions else ""


def last_turn(messages: list[Json], role_of: Callable[[Json], str]) -> tuple[str, str]:
    """Who spoke last, and the text of all messages at the end that are theirs (parallel tools give several)."""
    if not messages:
        return "user", ""
    role = role_of(messages[-1])
    turn: list[Json] = []
    for message in reversed(messages):
        if role_of(message) != role:
            break
        turn.insert(0, message)
    return role, all_text([message.get("content", message.get("output")) for message in turn])
