"""A server on loopback that answers what a test has written down beforehand, in every situation of the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer
from tests.integrations.situations import Situation

JSON = "application/json"
EVENTS = "text/event-stream"


@dataclass(frozen=True)
class Answer:
    """One answer: a body of bytes, or the chunks of a stream, each of which the client gives out as one piece."""

    body: bytes | tuple[bytes, ...]
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """``value`` as JSON; a ``_`` in a header's name stands for a dash."""
    return Answer(
        json.dumps(value).encode(), JSON, status, {key.replace("_", "-"): text for key, text in headers.items()}
    )


def events(*values: Any, named: bool = False, done: bool = True, **headers: str) -> Answer:
    """``values`` as server-sent events, ``named`` after their types; ``done`` closes with OpenAI's ``[DONE]``."""
    chunks = [event(value, named) for value in values]
    if done:
        chunks.append(b"data: [DONE]\n\n")
    return Answer(tuple(chunks), EVENTS, headers=_dashed(headers))


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def event(value: Any, named: bool = False) -> bytes:
    """One server-sent event."""
    name = f"event: {value['type']}\n" if named else ""
    return f"{name}data: {json.dumps(value)}\n\n".encode()


def lines(*values: Any, content_type: str = "application/x-ndjson") -> Answer:
    """``values`` as a stream of JSON lines."""
    return Answer(tuple(json.dumps(value).encode() + b"\n" for value in values), content_type)


LATER = json_answer({"error": {"message": "Later."}}, 503, retry_after_ms="1", retry_after="0")


@dataclass(frozen=True)
class Answers:
    """What a provider says to the calls of one surface, in each situation.

    Args:
        whole: the answer to a call that asks for no stream.
        stream: the answer to one that does: whose JSON says ``"stream": true``, or all where there is no ``whole``.
        refused: the provider's error, in its own words, with its status.
        failed: the chunk with which a stream says that it failed, where the protocol has one.
        others: answers to other requests that the client makes, by the end of their path; they are not counted.
        cut_after: so many chunks get through before a stream breaks.
    """

    refused: Answer
    whole: Answer | None = None
    stream: Answer | None = None
    failed: bytes | None = None
    others: Mapping[str, Answer] = field(default_factory=dict)
    cut_after: int = 2

    def meets(self, situation: Situation) -> bool:
        """Whether there is such a situation here: a stream's needs a stream."""
        if situation is Situation.FAILED:
            return self.failed is not None
        return self.stream is not None or situation not in (Situation.CUT, Situation.HUNG)

    def __call__(self, situation: Situation) -> CannedServer:
        """Start a server in this situation."""
        server = CannedServer(self, situation)
        server.start()
        return server


class _Handler(LoopbackHandler):
    server: CannedServer

    def answer_request(self) -> None:
        body, path = self.read_body(), self.path.partition("?")[0]
        for end, answer in self.server.answers.others.items():
            if path.endswith(end):
                self.send(answer)
                return
        self.server.requests.append((path, body))
        situation = self.server.situation
        if situation in (Situation.BROKEN, Situation.SILENT):
            if situation is Situation.SILENT:
                self.server.closing.wait()
            self.hang_up()
        elif situation is Situation.REFUSED:
            self.send(self.server.answers.refused)
        elif situation is Situation.OVERLOADED and self.server.served <= 2:
            self.send(LATER)
        else:
            self.send(self.answer_to(body), situation)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The same answer is the same to the byte, whenever it is given."""
        return "Thu, 01 Jan 2026 00:00:00 GMT"

    do_GET = do_POST = do_PUT = do_DELETE = answer_request

    def answer_to(self, body: bytes) -> Answer:
        """The answer that this request asks for."""
        answers = self.server.answers
        streamed = answers.whole is None or (
            answers.stream is not None and b'"stream"' in body and asks_for_stream(body)
        )
        found = answers.stream if streamed else answers.whole
        assert found is not None
        return found

    def send(self, answer: Answer, situation: Situation = Situation.ANSWERED) -> None:
        """Send an answer whole, or chunk by chunk up to its fault."""
        headers = {"content-type": answer.content_type, **answer.headers}
        if isinstance(answer.body, bytes):
            self.write_whole(answer.status, headers, answer.body)
            return
        self.write_head(answer.status, {**headers, "transfer-encoding": "chunked"})
        broken = situation in (Situation.CUT, Situation.HUNG, Situation.FAILED)
        first = self.server.answers.cut_after if broken else len(answer.body) - 1
        for chunk in answer.body[:first]:
            self.write_chunk(chunk)
        if situation is Situation.FAILED:
            self.write_chunk(self.server.answers.failed or b"")
        if situation in (Situation.CUT, Situation.HUNG):
            self.break_off(situation, answer.body[first])
        elif broken:
            self.write_chunk(b"")
        else:
            # In one go: a client that reads to its protocol's last event has had the end, and gives up the connection.
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(answer.body[-1]), answer.body[-1]))

    def break_off(self, situation: Situation, chunk: bytes) -> None:
        """Send half a chunk and hang up, or nothing until the server closes."""
        if situation is Situation.CUT:
            self.wfile.write(b"%x\r\n" % len(chunk) + chunk[: len(chunk) // 2])
        else:
            self.server.closing.wait()
        self.hang_up()


def asks_for_stream(body: bytes) -> bool:
    """Whether a request's JSON says so."""
    try:
        value = json.loads(body)
    except ValueError:
        return False
    return isinstance(value, dict) and value.get("stream") is True


class CannedServer(LoopbackServer):
    """Serves the answers of one surface, in one situation."""

    def __init__(self, answers: Answers, situation: Situation = Situation.ANSWERED) -> None:
        self.answers = answers
        self.situation = situation
        self.requests: list[tuple[str, bytes]] = []
        super().__init__(_Handler)

    @property
    def served(self) -> int:
        """How many requests it has met."""
        return len(self.requests)


class _NoServer:
    """Nothing listens: the library works inside the process."""

    url = ""
    served = 0

    def close(self) -> None:
        """There is nothing to close."""


class _Embedded:
    """For a library that works inside the process: it answers, and refuses what it can't do."""

    def meets(self, situation: Situation) -> bool:
        return situation in (Situation.ANSWERED, Situation.REFUSED)

    def __call__(self, situation: Situation) -> _NoServer:
        return _NoServer()


EMBEDDED = _Embedded()


@contextmanager
def _serving(answer: Answer) -> Iterator[str]:
    """The URL of a server that answers every request with this."""
    streamed = not isinstance(answer.body, bytes)
    answers = Answers(refused=answer, whole=None if streamed else answer, stream=answer if streamed else None)
    server = answers(Situation.ANSWERED)
    try:
        yield server.url
    finally:
        server.close()


@contextmanager
def answering(body: Any, status: int = 200) -> Iterator[str]:
    """The URL of a server that answers with ``body`` as JSON."""
    with _serving(json_answer(body, status)) as url:
        yield url


@contextmanager
def streaming(*values: Any, named: bool = False) -> Iterator[str]:
    """The URL of a server that answers with ``values`` as a stream of events; ``named`` after their types."""
    with _serving(events(*values, named=named)) as url:
        yield url
