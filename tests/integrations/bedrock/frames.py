"""AWS's binary event stream, written: https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any
from zlib import crc32

_STRING = 7


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message."""
    encoded = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", _STRING, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    message = prelude + struct.pack("!I", crc32(prelude)) + encoded + payload
    return message + struct.pack("!I", crc32(message))


def event(name: str, fields: dict[str, Any]) -> bytes:
    """One event with a JSON payload."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(fields).encode())


def chunk(body: Any) -> bytes:
    """One chunk of a model's own schema, as InvokeModelWithResponseStream and agents send it."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return event("chunk", {"bytes": base64.b64encode(data).decode()})


def exception(name: str, message: str) -> bytes:
    """An exception in the middle of a stream."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())


HELLO = [
    event("messageStart", {"role": "assistant"}),
    event("contentBlockDelta", {"delta": {"text": "Hel"}, "contentBlockIndex": 0}),
    event("contentBlockDelta", {"delta": {"text": "lo"}, "contentBlockIndex": 0}),
    event("contentBlockStop", {"contentBlockIndex": 0}),
    event("messageStop", {"stopReason": "end_turn"}),
    event("metadata", {"usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}, "metrics": {"latencyMs": 1}}),
]
