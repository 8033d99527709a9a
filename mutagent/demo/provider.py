"""A stand-in for OpenAI and Anthropic on loopback: scripted, reproducible, offline.

``with Provider(script) as provider`` serves from a thread; ``python -m mutagent.demo.provider`` from a process of its
own, which prints its URL. It knows no keys and refuses none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer
from mutagent.demo.protocols.anthropic_messages import COUNT_TOKENS, MESSAGES
from mutagent.demo.protocols.call import Call, Endpoint, Event, Json
from mutagent.demo.protocols.openai_chat import CHAT
from mutagent.demo.protocols.openai_responses import RESPONSES
from mutagent.demo.protocols.openai_text import COMPLETIONS, EMBEDDINGS
from mutagent.demo.protocols.responses_events import response_events
from mutagent.demo.script import Failure, Reply, Rule, Script, ToolCall

__all__ = ["Failure", "Provider", "ProviderHandler", "Reply", "Request", "Rule", "Script", "ToolCall"]

# The first whose path ends the request's path; "/completions" ends that of chat as well.
ENDPOINTS: tuple[Endpoint, ...] = (CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, COUNT_TOKENS, MESSAGES)
# Enough for any test, and a bound for a process that serves all day.
_JOURNAL_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """A line of the journal: one HTTP request as it arrived, with header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Json


class ProviderHandler(LoopbackHandler):
    """Reads a request, has the script find the reply, and writes it in the endpoint's protocol."""

    server: ProviderServer

    def do_POST(self) -> None:
        """Answer a model request."""
        provider, raw = self.server.provider, self.read_body()
        path = urlsplit(self.path).path
        endpoint = next((known for known in ENDPOINTS if path.endswith(known.path)), None)
        body = _json_object(raw)
        self._note(body or {})
        if endpoint is None:
            self.send_failure(_family(path), Failure(404, f"Unknown path: {path}", "not_found_error"), "req_unknown")
        elif body is None or "model" not in body:
            self.send_failure(endpoint, Failure(400, "The body must be JSON and name a model."), "req_unreadable")
        else:
            self.send_reply(endpoint, provider.call(endpoint, body, raw))

    def do_GET(self) -> None:
        """Answer ``GET /v1/responses/{id}`` with a response given before, streamed with ``?stream=true``."""
        url = urlsplit(self.path)
        ident = url.path.rpartition("/responses/")[2]
        response = self.server.provider.responses.get(ident)
        self._note({})
        if response is None:
            self.send_failure(RESPONSES, Failure(404, f"Response with id '{ident}' not found."), "req_unknown")
        elif parse_qs(url.query).get("stream") == ["true"]:
            self.send_events(response_events(response), {RESPONSES.request_id_header: f"req_{ident}"})
        else:
            self.write_whole(200, {RESPONSES.request_id_header: f"req_{ident}"}, json.dumps(response).encode())

    def send_reply(self, endpoint: Endpoint, call: Call) -> None:
        """Write the reply as the request wants it: failed, streamed or whole."""
        self.server.closing.wait(call.reply.delay)
        request_id = f"req_{call.ident}"
        headers = {endpoint.request_id_header: request_id}
        if call.reply.failure is not None:
            self.send_failure(endpoint, call.reply.failure, request_id)
        elif endpoint.events is not None and call.body.get("stream"):
            self.send_events(endpoint.events(call), headers, call.reply.chunk_delay)
        else:
            self.write_whole(200, headers, json.dumps(endpoint.body(call)).encode())

    def send_failure(self, endpoint: Endpoint, failure: Failure, request_id: str) -> None:
        """Write an error in the provider's form."""
        body = json.dumps(endpoint.failure(failure, request_id)).encode()
        self.write_whole(failure.status, {endpoint.request_id_header: request_id, **failure.headers}, body)

    def send_events(self, events: Iterator[Event], headers: dict[str, str], delay: float = 0.0) -> None:
        """Write server-sent events, ``delay`` seconds apart, to the end of the stream."""
        self.write_stream_head(headers)
        for number, event in enumerate(events):
            self.server.closing.wait(delay if number else 0.0)
            self.write_chunk(encode_event(event))
        self.write_chunk(b"")

    def write_stream_head(self, headers: dict[str, str]) -> None:
        """Send the headers of a stream of server-sent events."""
        stream = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}
        self.write_head(200, stream | headers)

    def _note(self, body: Json) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.provider.journal.append(Request(self.command, self.path, headers, body))


class ProviderServer(LoopbackServer):
    """The server of one :class:`Provider`."""

    def __init__(self, provider: Provider, handler: type[ProviderHandler], port: int) -> None:
        self.provider = provider
        super().__init__(handler, port=port)


class Provider:
    """The stand-in. Serves from :meth:`start` (or ``with``) until :meth:`close`.

    Args:
        script: what it answers; without one, only default replies.
        port: the port on 127.0.0.1; 0 picks a free one.
    """

    handler: type[ProviderHandler] = ProviderHandler

    def __init__(self, script: Script | None = None, port: int = 0) -> None:
        self.script = script or Script()
        self.journal: deque[Request] = deque(maxlen=_JOURNAL_LENGTH)
        self.responses: dict[str, Json] = {}
        self._rule_uses: dict[int, int] = {}
        self._bodies: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ProviderServer(self, self.handler, port)

    @property
    def url(self) -> str:
        """The server's root."""
        return self._server.url

    @property
    def openai_url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        """What ANTHROPIC_BASE_URL is set to."""
        return self.url

    def environment(self) -> dict[str, str]:
        """The environment variables that lead the real clients here, and past any proxy."""
        return {
            "OPENAI_BASE_URL": self.openai_url,
            "OPENAI_API_KEY": "sk-stand-in",
            "ANTHROPIC_BASE_URL": self.anthropic_url,
            "ANTHROPIC_API_KEY": "sk-ant-stand-in",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def call(self, endpoint: Endpoint, body: Json, raw: bytes) -> Call:
        """The reply to a request, with ids that are the same in each run and differ from call to call."""
        asked, digest = endpoint.read(body), hashlib.sha256(raw).hexdigest()[:16]
        with self._lock:
            self._bodies[digest] += 1
            ident = f"{digest}{self._bodies[digest]:04d}"
            call = Call(body, asked, self.script.reply_to(asked, self._rule_uses), ident)
        if endpoint is RESPONSES:
            self.responses[f"resp_{ident}"] = endpoint.body(call)
        return call

    def start(self) -> Provider:
        """Begin to serve, and return itself."""
        self._server.start()
        return self

    def close(self) -> None:
        """Stop serving; every connection and thread is gone when this returns."""
        self._server.close()

    def __enter__(self) -> Provider:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def encode_event(event: Event) -> bytes:
    """A server-sent event as bytes."""
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode() if name else f"data: {text}\n\n".encode()


def _json_object(raw: bytes) -> Json | None:
    try:
        body: Any = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _family(path: str) -> Endpoint:
    return MESSAGES if "/messages" in path else CHAT


def main(arguments: list[str] | None = None) -> int:
    """Serve the demo's conversation until interrupted; the first line printed is the URL."""
    from mutagent.demo.conversation import CONVERSATION

    parser = argparse.ArgumentParser(prog="python -m mutagent.demo.provider", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (default) picks a free one")
    with Provider(CONVERSATION, port=parser.parse_args(arguments).port) as provider:
        print(provider.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
