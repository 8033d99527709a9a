"""Services on loopback, in a process of their own and as cheap as can be: the clock must not measure them.

OpenAI's and Anthropic's chat (``max_tokens`` says how many chunks a stream has), and what takes spans. A base path
of ``/down`` is refused with 503, one of ``/hang`` never answered.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MODEL = "gpt-4o-2024-08-06"
USAGE = {"prompt_tokens": 14, "completion_tokens": 20, "total_tokens": 34}
CHAT = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL, "usage": USAGE,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris. " * 20}}],
}).encode()  # fmt: skip
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "end_turn",
           "stop_sequence": None, "content": [{"type": "text", "text": "Paris. " * 20}],
           "usage": {"input_tokens": 14, "output_tokens": 20}}  # fmt: skip


def chat_chunks(count: int) -> Iterator[str]:
    """A streamed completion."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    for _ in range(count - 2):
        yield json.dumps({**head, "choices": [{"index": 0, "delta": {"content": "Paris. "}, "finish_reason": None}]})
    yield json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield json.dumps({**head, "choices": [], "usage": USAGE})
    yield "[DONE]"


def message_events(count: int) -> Iterator[str]:
    """A streamed message."""
    yield json.dumps({"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}})
    yield json.dumps({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for _ in range(count - 5):
        delta = {"type": "text_delta", "text": "Paris. "}
        yield json.dumps({"type": "content_block_delta", "index": 0, "delta": delta})
    yield json.dumps({"type": "content_block_stop", "index": 0})
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    yield json.dumps({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 20}})
    yield json.dumps({"type": "message_stop"})


def _openai(body: dict[str, object]) -> bytes:
    if not body.get("stream"):
        return _response(CHAT)
    return _events("".join(f"data: {data}\n\n" for data in chat_chunks(int(str(body["max_tokens"])))))


def _anthropic(body: dict[str, object]) -> bytes:
    if not body.get("stream"):
        return _response(json.dumps(MESSAGE).encode())
    events = [(json.loads(data)["type"], data) for data in message_events(int(str(body["max_tokens"])))]
    return _events("".join(f"event: {name}\ndata: {data}\n\n" for name, data in events))


def _events(text: str) -> bytes:
    return _response(text.encode(), b"text/event-stream")


def _response(body: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (status, kind, len(body))
    return head + body


_taken = {"spans": 0}
_made: dict[bytes, bytes] = {}


def answer(path: str, body: bytes) -> bytes | None:
    """What a request is answered with; None: nothing."""
    if path.startswith("/hang"):
        return None
    if path.startswith("/down"):
        return _response(b"{}", status=b"503 Service Unavailable")
    if path.endswith("/batch"):
        count = body.count(b'"spanId":"')
        _taken["spans"] += count
        return _response(b'{"accepted":%d,"rejected":0}' % count)
    if path.endswith("/taken"):
        return _response(json.dumps(_taken).encode())
    if path.endswith("/v1/traces"):
        return _response(b"", b"application/x-protobuf")
    if body not in _made:
        _made[body] = (_openai if path.endswith("/chat/completions") else _anthropic)(json.loads(body))
    return _made[body]


async def _connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            reply = answer(lines[0].split(" ")[1], body)
            await asyncio.sleep(3600) if reply is None else writer.write(reply)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_connected, "127.0.0.1", 0, limit=1 << 24)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


@contextmanager
def serving() -> Iterator[str]:
    """The base URL of the services, for as long as the block runs."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
