"""The stand-in provider with faults on the way: what networks and overloaded services do to an answer.

A fault is data on the reply, so a rule of the script decides which request meets it::

    FaultyProvider(Script([Rule(faulty("one two three", Fault("close", after=2)))]))

Error statuses, a slow first byte and slow chunks need no fault: they are ``Reply(failure=…, delay=…, chunk_delay=…)``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from mutagent.demo.protocols.call import Call, Endpoint, Event
from mutagent.demo.provider import Failure, Provider, ProviderHandler, Reply, encode_event

OVERLOADED = Failure(529, "Overloaded", "overloaded_error", "overloaded")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, ``after`` so many events of a stream, or in the middle of a JSON body.

    ``hang`` sends nothing more until the provider closes, ``close`` closes the connection (either with ``after=0``:
    before the status line); ``cut`` closes it in the middle of an event; ``truncate`` ends the stream in good order
    but too early; ``error`` sends the provider's error event and ends the stream; ``garbage`` sends what is not JSON.
    """

    kind: Literal["hang", "close", "cut", "truncate", "error", "garbage"]
    after: int = 0


@dataclass(frozen=True, slots=True)
class FaultyReply(Reply):
    """A reply that meets a fault on its way."""

    fault: Fault | None = None


def faulty(text: str, fault: Fault, **reply: Any) -> FaultyReply:
    """A reply of ``text`` (other fields of :class:`Reply` by name) that meets ``fault``."""
    return FaultyReply(text, fault=fault, **reply)


class FaultyHandler(ProviderHandler):
    """Writes replies as the provider does, up to their fault."""

    def send_reply(self, endpoint: Endpoint, call: Call) -> None:
        """Write the reply, or as much of it as the fault lets through."""
        fault = getattr(call.reply, "fault", None)
        if fault is None:
            super().send_reply(endpoint, call)
            return
        self.server.closing.wait(call.reply.delay)
        if fault.after == 0 and fault.kind in ("hang", "close"):
            self.fail(fault, b"")
        elif call.body.get("stream") and endpoint.events is not None:
            self.send_part_of_stream(endpoint, call, fault)
        else:
            self.send_part_of_body(json.dumps(endpoint.body(call)).encode(), fault)

    def send_part_of_stream(self, endpoint: Endpoint, call: Call, fault: Fault) -> None:
        """Send the stream's events up to the fault, then the fault."""
        assert endpoint.events is not None
        events: Iterator[Event] = endpoint.events(call)
        self.write_stream_head({endpoint.request_id_header: f"req_{call.ident}"})
        for event in islice(events, fault.after):
            self.write_chunk(encode_event(event))
            self.server.closing.wait(call.reply.chunk_delay)
        if fault.kind == "error" and endpoint.error_event is not None:
            self.write_chunk(encode_event(endpoint.error_event(OVERLOADED)))
        self.fail(fault, encode_event(next(events, (None, "[DONE]"))))

    def send_part_of_body(self, body: bytes, fault: Fault) -> None:
        """Send the head of a JSON answer, then the fault."""
        if fault.kind == "garbage":
            self.write_whole(200, {}, b"{not json")
            return
        self.write_head(200, {"content-type": "application/json", "content-length": str(len(body))})
        self.wfile.write(body[: len(body) // 2])
        self.fail(Fault("hang" if fault.kind == "hang" else "close"), b"")

    def fail(self, fault: Fault, event: bytes) -> None:
        """What happens at the fault; ``event`` is the one that would have been next."""
        if fault.kind == "hang":
            self.server.closing.wait()
        elif fault.kind == "cut":
            self.wfile.write(b"%x\r\n" % len(event) + event[: len(event) // 2])
        elif fault.kind == "garbage":
            self.write_chunk(event.replace(b"{", b"{not json", 1))
        if fault.kind in ("hang", "close", "cut"):
            self.hang_up()
        else:
            self.write_chunk(b"")


class FaultyProvider(Provider):
    """A :class:`Provider` that honours the faults of its replies."""

    handler = FaultyHandler
