"""What the stand-in provider answers, as data: the first rule that fits a request gives the reply."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mutagent.demo.protocols.schema import example


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule sees of a request, the same for every protocol.

    ``endpoint`` is ``chat``, ``responses``, ``completions``, ``embeddings`` or ``messages``; ``role`` is who spoke last
    (``user``, ``tool``, …) and ``last`` what they said; ``text`` is all the text that a model would read; ``tools``
    maps each offered tool to its JSON schema; ``forced`` names the tool that must be called; ``schema`` is the JSON
    schema that the answer must follow.
    """

    endpoint: str
    model: str
    role: str = "user"
    last: str = ""
    text: str = ""
    tools: Mapping[str, Any] = field(default_factory=dict)
    forced: str | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the reply calls, with its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arguments_json(self) -> str:
        """The arguments as a model writes them."""
        return json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error answer: HTTP status, the provider's error type, code and message, and extra response headers.

    The clients retry 408, 409, 429 and 5xx by themselves; ``{"x-should-retry": "false"}`` tells them not to.
    """

    status: int
    message: str = "The stand-in was told to fail."
    type: str = "invalid_request_error"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a model.

    ``truncated`` ends it for want of tokens. Cached and cache-creating tokens count on top of those of the request's
    text. ``delay`` is the time to the first byte and ``chunk_delay`` the time between chunks, in seconds.
    ``model`` is the model that answers, by default the one asked for.
    """

    text: str | None = None
    tools: Sequence[ToolCall] = ()
    thinking: str | None = None
    refusal: str | None = None
    truncated: bool = False
    cached_tokens: int = 0
    cache_creation_tokens: int = 0
    model: str | None = None
    failure: Failure | None = None
    delay: float = 0.0
    chunk_delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Gives ``reply`` to the requests that fit every condition set here, ``times`` times at the most.

    ``model`` is a prefix of the model's name, ``contains`` a part of what was said last, ``tool`` an offered tool.
    """

    reply: Reply
    endpoint: str | None = None
    model: str | None = None
    role: str | None = None
    contains: str | None = None
    tool: str | None = None
    times: int | None = None

    def fits(self, asked: Asked) -> bool:
        """Whether a request meets every condition."""
        return (
            self.endpoint in (None, asked.endpoint)
            and self.role in (None, asked.role)
            and (self.tool is None or self.tool in asked.tools)
            and (self.model is None or asked.model.startswith(self.model))
            and (self.contains is None or self.contains in asked.last)
        )


@dataclass(frozen=True, slots=True)
class Script:
    """The rules, in order. A request that none of them fits gets :func:`default_reply`."""

    rules: Sequence[Rule] = ()

    def reply_to(self, asked: Asked, uses: dict[int, int]) -> Reply:
        """The reply to a request; ``uses`` counts, across calls, how often each rule was used."""
        for number, rule in enumerate(self.rules):
            used = uses.get(number, 0)
            if (rule.times is None or used < rule.times) and rule.fits(asked):
                uses[number] = used + 1
                return rule.reply
        return default_reply(asked)


def default_reply(asked: Asked) -> Reply:
    """A reply that any program can go on with: the tool it insists on, JSON by its schema, or an echo."""
    if asked.forced is not None and asked.role != "tool":
        return Reply(tools=[ToolCall(asked.forced, example(asked.tools.get(asked.forced) or {"type": "object"}))])
    if asked.schema is not None:
        return Reply(json.dumps(example(asked.schema)))
    return Reply(f"You said: {asked.last}")
