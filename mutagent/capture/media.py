"""Images, audio and files become placeholders: what they are, how big, and a digest that tells equal ones apart."""

from __future__ import annotations

import re
from typing import Any

# Shorter strings are kept whatever they look like: an id or a short token is no medium.
_MIN_BASE64 = 512
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,", re.ASCII)
_BASE64_HEAD = re.compile(r"[A-Za-z0-9+/_=\r\n-]{512}", re.ASCII)
# Fields in which the providers carry encoded media.
_MEDIA_FIELDS = frozenset({"data", "b64_json", "file_data", "bytes", "image", "audio", "image_url", "url", "result",
                           "partial_image_b64", "imageBytes", "image_bytes"})  # fmt: skip
# Digests read at most this much of each end: a 50 MB upload must not cost its caller 50 ms.
_DIGEST_BYTES = 1 << 19


def digest(data: bytes | bytearray | memoryview) -> str:
    """32 hex digits of a BLAKE2b over the data; of more than 1 MiB, over both ends and the length."""
    from hashlib import blake2b

    # Copies are hashed: a bytearray that is being read can't be resized by its owner.
    if len(data) <= 2 * _DIGEST_BYTES:
        return blake2b(bytes(data), digest_size=16).hexdigest()
    state = blake2b(bytes(data[:_DIGEST_BYTES]), digest_size=16)
    state.update(bytes(data[-_DIGEST_BYTES:]))
    state.update(str(len(data)).encode())
    return state.hexdigest()


def bytes_placeholder(data: bytes | bytearray | memoryview) -> dict[str, Any]:
    """What stands for bytes: ``{"type": "bytes", "size": bytes, "digest": hex}``.

    Raises:
        ValueError: for a memoryview that was released.
    """
    if type(data) is memoryview and (data.ndim != 1 or data.itemsize != 1):
        data = data.tobytes()
    return {"type": "bytes", "size": len(data), "digest": digest(data)}


def text_placeholder(text: str, field: str | None) -> dict[str, Any] | None:
    """What stands for base64 media in a string, or None where the string is text and is to be kept.

    Args:
        text: the string.
        field: the name of the field it stands in: bare base64 is media only where providers put media.
    """
    if len(text) < _MIN_BASE64:
        return None
    match = _DATA_URL.match(text)
    if match is not None:
        return _encoded(text, match.end(), match.group(1) or "application/octet-stream")
    if field in _MEDIA_FIELDS and _BASE64_HEAD.match(text):
        return _encoded(text, 0, None)
    return None


def _encoded(text: str, start: int, media_type: str | None) -> dict[str, Any]:
    characters = len(text) - start
    placeholder: dict[str, Any] = {"type": "media"}
    if media_type is not None:
        placeholder["media_type"] = media_type
    placeholder["size"] = characters * 3 // 4 - text.count("=", len(text) - 2)
    placeholder["digest"] = digest(text[start:].encode("ascii", "replace"))
    return placeholder
