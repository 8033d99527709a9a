"""The tracer's sink: spans are queued by the program's threads and encoded, batched and sent by ours.

A producer does one append and one check. What it must never do is wait: its calls may come from a signal handler, a
finaliser or a forked child, so nothing on its side takes a lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic, perf_counter_ns, sleep

from mutagent import process
from mutagent.config import Settings
from mutagent.export import cost, receipts
from mutagent.export.assembly import deliveries, resource
from mutagent.export.console import print_end, print_start
from mutagent.export.crowd import Crowd
from mutagent.export.delivery import Delivery
from mutagent.export.payload import EncodedSpan, Encoder
from mutagent.export.receipt import Receipt
from mutagent.export.result import Exporter
from mutagent.export.tally import Tallies
from mutagent.export.worker import Worker, unrecorded
from mutagent.guard import guarded, say
from mutagent.hosts import is_serverless
from mutagent.loading import without_waiting
from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.tracer import Sink

_SHED_SPANS = 256
# Encoding holds the interpreter lock: after this long the worker lets the program have it.
_SLICE_SECONDS = 0.001
_YIELD_SECONDS = 0.0001
_SHOW_OPEN_AFTER_NS = 200_000_000
# Seconds of a shutdown's budget that are kept for spooling what could not be sent, and those that writing may add.
_RESERVE = 0.4
_WRITE = 0.3
_HAND_OVER = 0.2
_SERVERLESS_SECONDS = 2.0


class Pipeline(Sink):
    """Queue, workers and exporters of one configuration.

    Args:
        settings: what is sent where, and the limits.
        exporters: instead of those that the settings describe.
    """

    def __init__(self, settings: Settings, exporters: Sequence[Exporter] | None = None) -> None:
        self.settings = settings
        self.open_spans: Callable[[], list[MutagentSpan]] = list
        self.unsampled: Callable[[], int] = int
        self.queue: deque[MutagentSpan | EncodedSpan] = deque()
        self.ended = self.queue.append
        self._encoder = Encoder(settings, resource(settings))
        self._deliveries = deliveries(settings, exporters)
        self._senders = {
            delivery: Worker(delivery.step, bool, getattr(delivery.exporter, "prepare", None), waits=True, nap=0.0)
            for delivery in self._deliveries
            if getattr(delivery.exporter, "blocking", False)
        }
        # Where a host freezes the process, there is no time to wait for more.
        nap = 0.0 if is_serverless() else min((delivery.nap for delivery in self._deliveries), default=0.0)
        self._worker = Worker(self._step, lambda: bool(self.queue), cost.prepare, nap=nap)
        self.reader = self._worker.reader
        self.reader.wants_starts = True
        self._shows_open = any(delivery.exporter.wants_open for delivery in self._deliveries)
        self._shown: set[int] = set()
        self._begun = False
        self._closed = False
        self._end_by = float("inf")
        self._tallies = Tallies()
        self._crowd = Crowd(settings, self.reader)
        self._attach_watchers()

    # -- the program's side

    def started(self, span: MutagentSpan) -> None:
        """A span began: the first of all, or one that is to be shown while it runs."""
        if not self._begun or (self._shows_open and self.reader.asleep):
            self._begin()

    def attend(self) -> None:
        """A span ended while the worker is asleep or falls behind."""
        if self._closed:
            self._shed(len(self.queue))
        elif len(self.queue) > self.reader.patience:
            self._help()
        else:
            self._worker.wake()

    def _begin(self) -> None:
        self._begun = process.settle_sigterm()
        self.reader.wants_starts = not self._begun or self._shows_open or self.settings.debug
        self._worker.wake()
        for sender in self._senders.values():
            sender.start()

    def _help(self) -> None:
        """The worker falls behind: the producer takes a share of the encoding, which also tells how big spans are."""
        self._worker.wake()
        newest = _popped(self.queue.pop)
        encoded = None if newest is None else self._encoded_by_producer(newest)
        if encoded is not None and self._crowd.sampled(encoded.size, len(self.queue)):
            self._shed(_SHED_SPANS)

    def _encoded_by_producer(self, span: MutagentSpan | EncodedSpan) -> EncodedSpan | None:
        with unrecorded(), without_waiting():
            encoded = self._encoded(span)
        if encoded is not None:
            self.queue.append(encoded)
            return encoded
        self._tallies.mine().handled += 1
        self._lose(1)
        return None

    def _shed(self, count: int) -> None:
        """Past the hard limit, or after the end: the oldest go to the spool straight away."""
        oldest = (_popped(self.queue.popleft) for _ in range(count))
        with unrecorded(), without_waiting():
            encoded = [item for span in oldest if span is not None and (item := self._taken(span)) is not None]
        self._crowd.shed(encoded)
        for delivery in self._deliveries if encoded else ():
            delivery.shed(encoded)

    # -- the worker's side

    def _step(self, deadline: float | None) -> float | None:
        self._encode_all(deadline)
        waits = [self._show_open()] if self._shows_open else []
        for delivery in self._deliveries:
            if deadline is not None and delivery not in self._senders:
                delivery.step(deadline)
            waits.append(self._send_due(delivery))
        return min((wait for wait in waits if wait is not None), default=None)

    def _send_due(self, delivery: Delivery) -> float | None:
        """Have what is due sent, here or by the delivery's own thread; returns the seconds until more is."""
        wait = delivery.due_in()
        if wait is None or wait > 0:
            return wait
        sender = self._senders.get(delivery)
        if sender is None:
            return delivery.step(None)
        sender.wake()
        return None

    def _encode_all(self, deadline: float | None) -> None:
        while self.queue and not self._closed and (deadline is None or monotonic() < deadline):
            batch = self._slice()
            for delivery in self._deliveries:
                delivery.add(batch)
                self._send_due(delivery)
            self._crowd.measured(batch, len(self.queue))
            if deadline is None and len(self.queue) < _SHED_SPANS:
                sleep(_YIELD_SECONDS)

    def _slice(self) -> list[EncodedSpan]:
        batch: list[EncodedSpan] = []
        until = monotonic() + _SLICE_SECONDS
        while True:
            span = _popped(self.queue.popleft)
            if span is None:
                return batch
            encoded = self._taken(span)
            if encoded is not None:
                batch.append(encoded)
            if monotonic() >= until:
                return batch

    def _taken(self, span: MutagentSpan | EncodedSpan) -> EncodedSpan | None:
        encoded = self._encoded(span)
        self._tallies.mine().handled += 1
        if encoded is None:
            self._lose(1)
        return encoded

    def _encoded(self, span: MutagentSpan | EncodedSpan, outcome: str | None = None) -> EncodedSpan | None:
        return span if isinstance(span, EncodedSpan) else guarded("encode", self._encode, span, outcome)

    def _encode(self, span: MutagentSpan, outcome: str | None) -> EncodedSpan:
        cost_usd = None if span._metrics is None and span.unread is None else cost.cost_of(span)
        encoded = self._encoder.encode(span, cost_usd, outcome)
        if encoded.ended:
            self._tallies.mine().totals.add(span, cost_usd)
        return encoded

    def _lose(self, count: int) -> None:
        for delivery in self._deliveries:
            delivery.lose(count)

    def _show_open(self) -> float | None:
        """Give spans that have been running for a while to the sinks that show them, once each."""
        now, wait = perf_counter_ns(), None
        open_spans = self.open_spans()
        self._shown &= {span.span_number for span in open_spans}
        for span in open_spans:
            if span.span_number in self._shown:
                continue
            age = now - span.start_tick
            if age >= _SHOW_OPEN_AFTER_NS:
                self._show(span)
            else:
                wait = (_SHOW_OPEN_AFTER_NS - age) / 1e9 if wait is None else wait
        return wait

    def _show(self, span: MutagentSpan) -> None:
        self._shown.add(span.span_number)
        encoded = self._encoded(span)
        if encoded is None or encoded.ended:
            return
        for delivery in self._deliveries:
            if delivery.exporter.wants_open:
                delivery.add([encoded])

    # -- the end

    def flush(self, timeout: float) -> Receipt:
        """Deliver what has ended, and wait for it.

        Args:
            timeout: seconds at the most.
        """
        self._run_all(monotonic() + timeout)
        return self.receipt()

    def shutdown(self, timeout: float) -> Receipt:
        """Deliver everything, open spans as interrupted; what can't be sent in time goes to the spool.

        Args:
            timeout: seconds at the most; writing the spool may add a few tenths.
        """
        if self._closed:
            return self.receipt()
        # Called again while it waits, by a signal handler or after an interrupt, it ends no later.
        deadline = self._end_by = min(self._end_by, monotonic() + timeout)
        for delivery in self._deliveries:
            delivery.prepare_end()
        for span in self.open_spans():
            if not span.recording:
                continue
            # What ends from here on, by the interpreter's own cleaning up, has been sent already.
            span.recording = False
            encoded = self._encoded(span, "interrupted")
            if encoded is not None:
                self.queue.append(encoded)
        finished = self._run_all(deadline - min(_RESERVE, timeout / 4))
        self._closed = True
        # Until the worker has handed over what it has in its hands.
        resume = self._worker.pause(max(_HAND_OVER, deadline - monotonic()))
        self._give_up(deadline + _WRITE)
        if resume is not None:
            resume()
        for worker in (self._worker, *self._senders.values()):
            worker.stop()
        for delivery in self._deliveries if finished else ():
            guarded("close", delivery.exporter.close)
        receipt = self.receipt()
        guarded("receipt", receipts.leave, receipt, self.settings)
        return receipt

    def pause(self, timeout: float) -> list[Callable[[], None]]:
        """Keep workers and exporters quiet that a fork would harm; returns what ends the pause in the parent."""
        pauses = [worker.pause for worker in (self._worker, *self._senders.values())]
        pauses += [delivery.exporter.pause for delivery in self._deliveries if hasattr(delivery.exporter, "pause")]
        deadline = monotonic() + timeout
        resumes = [pause(max(0.0, deadline - monotonic())) for pause in pauses]
        return [resume for resume in resumes if resume is not None]

    def receipt(self) -> Receipt:
        """The account as it stands."""
        handled, totals = self._tallies.sum()
        ended = handled + len(self.queue)
        sinks = [delivery.receipt(ended) for delivery in self._deliveries]
        still_open = 0 if self._closed else len(self.open_spans())
        return Receipt(sinks, ended, still_open, self.unsampled(), totals)

    def _run_all(self, deadline: float) -> bool:
        finished = self._worker.run_all(deadline)
        for sender in self._senders.values():
            finished = sender.run_all(deadline) and finished
        return finished

    def _give_up(self, until: float) -> None:
        while self.queue and monotonic() < until:
            self._shed(_SHED_SPANS)
        left = len(self.queue)
        self.queue.clear()
        self._tallies.mine().handled += left
        self._lose(left)
        for delivery in self._deliveries:
            delivery.give_up(until)
        if left:
            say(f"{left} spans are dropped: the process ends, and there is no time left to write them down.")

    # -- what few processes want is put in front of the methods, so that the others don't ask for it at each span

    def _attach_watchers(self) -> None:
        if self.settings.debug:
            self.started = _after(print_start, self.started)  # type: ignore[method-assign, assignment]
            ending = partial(print_end, messages=self.settings.mask is None)
            self.ended = _after(ending, self.ended)
        if is_serverless():
            self.ended = self._ended_serverless

    def _ended_serverless(self, span: MutagentSpan) -> None:
        self.queue.append(span)
        if span.parent_number is not None and self.open_spans():
            return
        # The host freezes this process once it has answered. A running loop must not be held up; it gets the wake-up.
        if process.on_running_loop():
            self._worker.wake()
        else:
            self.flush(_SERVERLESS_SECONDS)


def _after(
    first: Callable[[MutagentSpan], None], then: Callable[[MutagentSpan], object]
) -> Callable[[MutagentSpan], None]:
    def both(span: MutagentSpan) -> None:
        first(span)
        then(span)

    return both


def _popped(pop: Callable[[], MutagentSpan | EncodedSpan]) -> MutagentSpan | EncodedSpan | None:
    try:
        return pop()
    except IndexError:
        return None
