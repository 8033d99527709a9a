"""Keep secrets out of what is recorded: known key shapes, values under keys named like secrets, the user's mask.

Runs on the worker, over the JSON that a span has become. Most spans hold no secret, so the text as a whole is searched
first, at about a microsecond a kilobyte; only what is suspicious is taken apart. Shapes and names consist of characters
that JSON does not escape, so a secret that is in a value is seen in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mutagent.guard import Guard
from mutagent.loading import from_module

MASK = "[masked]"

# Ids are no content: a user's mask that looks for long numbers must not break them.
ID_ATTRIBUTES = frozenset({
    "session.id", "gen_ai.response.id", "gen_ai.conversation.id", "gen_ai.tool.call.id", "gen_ai.agent.id",
    "mcp.session.id", "mutagent.request_id", "mutagent.trace_id", "mutagent.parent_span_id",
})  # fmt: skip
_IDS = ID_ATTRIBUTES | {"spanId", "parentSpanId", "traceId", "sessionId", "toolCallId", "mutagent.run_id"}

# Shapes of secrets, each with the text that no secret of that shape is without. Groups stay readable.
_SHAPES: tuple[tuple[str, str], ...] = (
    ("sk-", r"\bsk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}"),  # OpenAI, Anthropic, OpenRouter, DeepSeek, …
    ("AIza", r"\bAIza[A-Za-z0-9_-]{35}"),  # Google
    ("IA", r"\bA[KS]IA[0-9A-Z]{16}\b"),  # AWS
    ("gh", r"\bgh[pousr]_[A-Za-z0-9]{36,}"),  # GitHub
    ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
    ("glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),  # Slack
    ("hf_", r"\bhf_[A-Za-z0-9]{30,}"),
    ("gsk_", r"\bgsk_[A-Za-z0-9]{30,}"),
    ("xai-", r"\bxai-[A-Za-z0-9]{30,}"),
    ("k_live_", r"\b[sr]k_live_[A-Za-z0-9]{16,}"),  # Stripe
    ("mt_", r"\bmt_(?:live_|test_)?(?=[A-Za-z]*[0-9])[A-Za-z0-9]{12,}"),  # MutagenT
    ("eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),  # JSON web tokens
    ("PRIVATE KEY-----", r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    ("://", r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),  # passwords in URLs
    ("earer ", r"([Bb]earer )[A-Za-z0-9._~+/=-]{16,}"),
    # AWS: no shape of its own, so only by its name.
    ("", r"""((?:[Ss]ecret|SECRET)_?(?:[Aa]ccess|ACCESS)_?(?:[Kk]ey|KEY)[ "':=]{1,6})[A-Za-z0-9/+=]{40}"""),
    ("=", r"\b([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)=)[^\s\"'&;]{6,}"),  # as in an env file
)

# Names of secrets, in lower case without separators: whole names, and ends of names (`openai_api_key`).
_WHOLE = frozenset({"token", "pwd", "auth"})
_ENDS = (
    "apikey", "password", "passwd", "passphrase", "secret", "secretkey", "accesskey", "privatekey", "accesstoken",
    "refreshtoken", "idtoken", "authtoken", "bearertoken", "sessiontoken", "securitytoken", "authorization",
    "credential", "credentials", "cookie",
)  # fmt: skip
# Within text that is JSON itself, such as a tool call's arguments: `"name": "value"`.
_PAIR = re.compile(r'("([\w.-]{2,60})\\?"\s*:\s*\\?")((?:[^"\\]|\\[^"])*)')

_NAME_ENDS = ("key", "token", "password", "passwd", "pwd", "passphrase", "secret", "auth", "authorization",
              "credential", "credentials", "cookie")  # fmt: skip
_ANY_CASE = "|".join(spelt for name in _NAME_ENDS for spelt in (name, name.title(), name.upper()))
# What is common to text that holds a secret. Looser than the shapes: in JSON text the `\n` before a key ends in a
# letter, so there are no word boundaries; and a name counts however often the quote after it is escaped.
SUSPICIOUS = "|".join((
    "sk-[A-Za-z0-9_-]{20}", "AIza[A-Za-z0-9_-]{35}", "A[KS]IA[0-9A-Z]{16}", "gh[pousr]_[A-Za-z0-9]{36}",
    "github_pat_[A-Za-z0-9_]{22}", "glpat-[A-Za-z0-9_-]{20}", "xox[abeoprs]-[A-Za-z0-9-]{10}", "hf_[A-Za-z0-9]{30}",
    "gsk_[A-Za-z0-9]{30}", "xai-[A-Za-z0-9]{30}", "k_live_[A-Za-z0-9]{16}", "mt_(?:live_|test_)?[A-Za-z0-9]{12}",
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ", "PRIVATE KEY-----", "://[^/ :@]*:[^/ @]+@", "earer [A-Za-z0-9._~+/=-]{16}",
    rf'(?:{_ANY_CASE})(?:\\*"\s*:|\s*=)', r"""(?:[Kk]ey|KEY)[ \\"':=]{1,12}[A-Za-z0-9/+=]{40}""",
))  # fmt: skip

_DROPPED: Any = object()


@lru_cache(maxsize=1)
def shapes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Shapes of secrets, each with the text that no secret of that shape is without.

    Compiled for the first text that may hold one, and not at the start: that takes 2 ms, and most programs have none.
    """
    return tuple((mark, re.compile(shape, re.DOTALL | re.ASCII)) for mark, shape in _SHAPES)


class FieldMask:
    """A user's mask over the fields of one span. What it fails on is dropped, and stands in ``dropped`` by name."""

    __slots__ = ("_mask", "dropped")

    def __init__(self, mask: Callable[[Any, str], Any] | None) -> None:
        self._mask = mask
        self.dropped: list[str] = []

    def put(self, fields: dict[str, Any], name: str, value: Any) -> None:
        """Put what the mask gives back for one field among the others."""
        if self._mask is None:
            fields[name] = value
        else:
            fields.update(self.each({name: value}, ""))

    def each(self, values: dict[str, Any], prefix: str) -> dict[str, Any]:
        """What the mask gives back for each value, by the same names."""
        if self._mask is None:
            return values
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


def without_secrets(text: bytes) -> bytes:
    """JSON text without secrets; the very same bytes where there are none."""
    if not may_hold_secret(text):
        return text
    clean = masked(json.loads(text))
    to_json = from_module("pydantic_core", "to_json")
    if to_json is None:
        return json.dumps(clean, ensure_ascii=False, separators=(",", ":")).encode()
    found: bytes = to_json(clean)
    return found


def may_hold_secret(text: bytes | str) -> bool:
    """Whether text, JSON or not, may hold a secret; False is certain."""
    search = _search or _find_search()
    # Who can't wait for it walks through everything.
    return True if search is None else search(text)


_search: Callable[[bytes | str], bool] | None = None


def _find_search() -> Callable[[bytes | str], bool] | None:
    # pydantic-core brings an engine that looks for all alternatives at once, at about a microsecond a kilobyte; `re`
    # tries them one after another at every place and takes fifty.
    global _search
    validator = from_module("pydantic_core", "SchemaValidator")
    if validator is not None:
        _search = validator({"type": "str", "pattern": SUSPICIOUS}).isinstance_python
    return _search


def masked(value: Any) -> Any:
    """A copy of a plain value without secrets."""
    if type(value) is str:
        return _masked_text(value)
    if type(value) is dict:
        return {_masked_text(key): _masked_entry(key, inner) for key, inner in value.items()}
    if type(value) is list:
        return [masked(inner) for inner in value]
    return value


def _masked_entry(name: str, value: Any) -> Any:
    if name in _IDS:
        return value
    if _is_secret(name):
        # A dict below such a name describes a secret (a tool's parameter) or holds several by their own names.
        if type(value) is str:
            return MASK if value else value
        if type(value) is list:
            return [MASK if type(inner) is str else masked(inner) for inner in value]
    return masked(value)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    return bare in _WHOLE or bare.endswith(_ENDS)


def _masked_text(text: str) -> str:
    if not may_hold_secret(text):
        return text
    for mark, shape in shapes():
        if mark in text:
            text = shape.sub(_masked_shape, text)
    return _PAIR.sub(_masked_pair, text) if '"' in text else text


def _masked_shape(match: re.Match[str]) -> str:
    return f"{match[1] if match.re.groups else ''}{MASK}"


def _masked_pair(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if match[3] and _is_secret(match[2]) else match[0]
