"""A stand-in for the MutagenT service: ``POST /api/traces/batch``, with any answer a service or a network can give.

In a test: ``with Collector() as collector: … collector.spans()``. As a process: ``python -m tests.servers.collector``
prints its URL; ``GET /__journal`` tells what arrived, ``PUT /__answers`` takes a list of answers to give next.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer

BATCH_PATH = "/api/traces/batch"
# The fields of a span that only the structured dialect has at the top.
STRUCTURED_FIELDS = frozenset({"tokens", "costUsd", "durationMs", "model", "provider", "attributes", "events"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """How one batch is answered.

    Args:
        status: HTTP status; the spans count as stored where it is 2xx, unless ``stored`` says otherwise.
        retry_after: value of the ``Retry-After`` header.
        body: the body, instead of the count of accepted spans.
        delay: seconds before the answer.
        hang: no answer at all until the collector closes.
        close: closes the connection ``before`` the answer or in the ``middle`` of it.
        drip: seconds between the bytes of the answer.
        stored: whether the spans are kept though the answer says, or never says, otherwise.
    """

    status: int = 200
    retry_after: str | None = None
    body: str | None = None
    delay: float = 0.0
    hang: bool = False
    close: str | None = None
    drip: float = 0.0
    stored: bool | None = None

    @property
    def stores(self) -> bool:
        """Whether the spans of the batch are kept."""
        return self.status < 300 if self.stored is None else self.stored


@dataclass(frozen=True, slots=True)
class Batch:
    """One request: when it arrived (monotonic seconds), its headers in lower case, its body and the status answered."""

    at: float
    headers: dict[str, str]
    body: Json
    status: int
    spans: list[Json] = field(default_factory=list)


class CollectorHandler(LoopbackHandler):
    """Takes batches and gives the scripted answers."""

    server: CollectorServer

    def do_POST(self) -> None:
        """Take a batch."""
        raw = self.read_body()
        if self.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        if self.path != BATCH_PATH:
            self.write_whole(404, {}, b'{"message": "unknown path"}')
            return
        batch, answer = self.server.collector.take({k.lower(): v for k, v in self.headers.items()}, json.loads(raw))
        self.give(answer, len(batch.spans))

    def do_GET(self) -> None:
        """Tell what arrived."""
        self.write_whole(200, {}, json.dumps(self.server.collector.journal()).encode())

    def do_PUT(self) -> None:
        """Take the answers to give next."""
        self.server.collector.answers.extend(Answer(**given) for given in json.loads(self.read_body()))
        self.write_whole(200, {}, b"{}")

    def give(self, answer: Answer, spans: int) -> None:
        """Write an answer, or do what it does instead."""
        self.server.closing.wait(None if answer.hang else answer.delay)
        if answer.hang or answer.close == "before":
            self.hang_up()
            return
        accepted = {"accepted": spans, "rejected": 0} if answer.status < 300 else {"message": "scripted answer"}
        body = (json.dumps(accepted) if answer.body is None else answer.body).encode()
        retry = {} if answer.retry_after is None else {"retry-after": answer.retry_after}
        self.write_head(answer.status, {"content-type": "application/json", "content-length": str(len(body)), **retry})
        self.write_body(answer, body)

    def write_body(self, answer: Answer, body: bytes) -> None:
        """Write the body at the answer's pace, as far as it goes."""
        if answer.close == "middle":
            self.wfile.write(body[: len(body) // 2])
            self.hang_up()
        elif answer.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.server.closing.wait(answer.drip)
        else:
            self.wfile.write(body)


class CollectorServer(LoopbackServer):
    """The server of one :class:`Collector`."""

    def __init__(self, collector: Collector, port: int) -> None:
        self.collector = collector
        super().__init__(CollectorHandler, port=port)


class Collector:
    """The stand-in service.

    Args:
        answers: the answers to the first batches, in order.
        then: the answer to all later ones.
        max_spans: a batch with more spans is answered 413.
        dialect: ``text`` answers 400 to batches in the structured dialect.
        port: 0 picks a free one.
    """

    def __init__(
        self,
        answers: Iterable[Answer] = (),
        then: Answer | None = None,
        max_spans: int | None = None,
        dialect: str | None = None,
        port: int = 0,
    ) -> None:
        self.answers = deque(answers)
        self.then = then or Answer()
        self.max_spans = max_spans
        self.dialect = dialect
        self.requests: list[Batch] = []
        self._stored: list[tuple[Json, Json]] = []
        self._arrived = threading.Condition()
        self._server = CollectorServer(self, port)

    @property
    def url(self) -> str:
        """What MUTAGENT_ENDPOINT is set to."""
        return self._server.url

    def take(self, headers: dict[str, str], body: Json) -> tuple[Batch, Answer]:
        """Record one batch and decide on its answer."""
        spans = [span for trace in body["traces"] for span in trace["spans"]]
        with self._arrived:
            answer = self._answer_to(spans)
            batch = Batch(time.monotonic(), headers, body, answer.status, spans)
            self.requests.append(batch)
            if answer.stores:
                self._stored += [(trace, span) for trace in body["traces"] for span in trace["spans"]]
            self._arrived.notify_all()
        return batch, answer

    def _answer_to(self, spans: list[Json]) -> Answer:
        if self.max_spans is not None and len(spans) > self.max_spans:
            return Answer(413)
        if self.dialect == "text" and any(is_structured(span) for span in spans):
            return Answer(400)
        return self.answers.popleft() if self.answers else self.then

    def spans(self) -> list[Json]:
        """The stored spans, each with its ``traceId``, merged by traceId and spanId in order of first arrival."""
        merged: dict[tuple[str, str], Json] = {}
        with self._arrived:
            for trace, span in self._stored:
                key = (trace["traceId"], span["spanId"])
                merged.setdefault(key, {"traceId": trace["traceId"]}).update(span)
        return list(merged.values())

    def traces(self) -> dict[str, Json]:
        """The stored traces' own fields by trace id, without their spans."""
        merged: dict[str, Json] = {}
        with self._arrived:
            for trace, _ in self._stored:
                fields = {name: value for name, value in trace.items() if name != "spans"}
                merged.setdefault(trace["traceId"], {}).update(fields)
        return merged

    def arrivals(self) -> Counter[str]:
        """How often each span was stored, by ``traceId/spanId``; more than once is a repetition."""
        with self._arrived:
            return Counter(f"{trace['traceId']}/{span['spanId']}" for trace, span in self._stored)

    def wait_for(self, spans: int, timeout: float = 20.0) -> list[Json]:
        """The merged spans, once there are at least ``spans`` of them or ``timeout`` seconds have passed."""
        with self._arrived:
            self._arrived.wait_for(
                lambda: len({(t["traceId"], s["spanId"]) for t, s in self._stored}) >= spans, timeout
            )
        return self.spans()

    def journal(self) -> Json:
        """Everything that arrived, as JSON for another process."""
        requests = [asdict(batch) for batch in list(self.requests)]
        return {"requests": requests, "spans": self.spans(), "traces": self.traces(), "arrivals": self.arrivals()}

    def __enter__(self) -> Collector:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()


def is_structured(span: Json) -> bool:
    """Whether a span is written in the structured dialect."""
    objects = any(isinstance(span.get(name), dict) for name in ("input", "output"))
    return objects or bool(STRUCTURED_FIELDS & span.keys())


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; the first line printed is the URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.collector", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--then", type=json.loads, default={}, help="the answer to every batch, as JSON")
    given = parser.parse_args(arguments)
    with Collector(then=Answer(**given.then), port=given.port) as collector:
        print(collector.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
