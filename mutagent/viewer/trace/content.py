"""What a message, an input or an output is made of, as blocks to show: text, JSON, reasoning, placeholders of media."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mutagent.store.fields import mapping
from mutagent.store.fields import text as text_of

TEXT, JSON, REASONING, MEDIA, REFUSAL = "text", "json", "reasoning", "media", "refusal"
_MEDIA_TYPES = ("image", "audio", "video", "file", "document", "media", "bytes")
_MOST_JSON = 400_000


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of content: what it is, its text, and for media what is known of it."""

    kind: str
    text: str
    note: str = ""


def blocks_of(content: Any) -> list[Block]:
    """The blocks of a message's content, in order."""
    if content is None or content == "":
        return []
    if isinstance(content, list) and any(isinstance(part, dict) and "type" in part for part in content):
        return [block for part in content for block in _part(part)]
    return [_plain(content)]


def pretty(value: Any) -> str:
    """A value as indented JSON; a string as it is, or indented where it is JSON itself."""
    if isinstance(value, str):
        parsed = _parsed(value)
        return value if parsed is None else _dumped(parsed)
    return _dumped(value)


def _plain(value: Any) -> Block:
    if isinstance(value, str) and _parsed(value) is None:
        return Block(TEXT, value)
    if isinstance(value, dict) and (media := _media(value)):
        return media
    return Block(JSON, pretty(value))


def _part(part: Any) -> Iterator[Block]:
    if not isinstance(part, dict):
        yield _plain(part)
        return
    kind = part.get("type") if isinstance(part.get("type"), str) else ""
    if kind in ("text", "input_text", "output_text") and isinstance(part.get("text"), str):
        yield Block(TEXT, part["text"])
        if part.get("annotations"):
            yield Block(JSON, pretty(part["annotations"]), "annotations")
    elif kind in ("reasoning", "thinking"):
        yield Block(REASONING, pretty(part.get("text") or part.get("thinking") or part))
    elif kind == "refusal":
        yield Block(REFUSAL, pretty(part.get("refusal") or ""))
    else:
        yield _media(part) or Block(JSON, pretty(part))


def _media(part: dict[str, Any]) -> Block | None:
    kind = text_of(part, "type")
    family = next((word for word in _MEDIA_TYPES if word in kind), "")
    if not family:
        return None
    found = _placeholder(part) or part
    media_type = text_of(found, "media_type") or text_of(mapping(part, "source"), "media_type") or family
    size, digest = found.get("size"), text_of(found, "digest")
    facts = [_size(size) if isinstance(size, (int, float)) else "", digest[:12], _address(part)]
    return Block(MEDIA, media_type, " · ".join(filter(None, facts)))


def _placeholder(part: dict[str, Any]) -> dict[str, Any] | None:
    """What the recorder left in place of encoded data, wherever in the part it stands."""
    waiting: list[Any] = [part]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            if "digest" in found and "size" in found:
                return found
            waiting.extend(found.values())
    return None


def _address(part: dict[str, Any]) -> str:
    for holder in (part, mapping(part, "image_url"), mapping(part, "source")):
        for key in ("url", "image_url", "file_id", "filename"):
            if text_of(holder, key):
                return text_of(holder, key)[:300]
    return ""


def _size(count: float) -> str:
    if count < 1024:
        return f"{count:.0f} B"
    return f"{count / 1024:.0f} KiB" if count < 1 << 20 else f"{count / (1 << 20):.1f} MiB"


def _parsed(value: str) -> Any:
    """The object or array that a string is the JSON of, or None."""
    start = value.lstrip()[:1]
    if start not in ("{", "[") or len(value) > _MOST_JSON:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) and found else None


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return "(nested too deep to show)"
