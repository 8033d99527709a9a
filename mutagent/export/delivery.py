"""One sink: its exporter, the encoded spans that wait for it, and the account of what became of each."""

from __future__ import annotations

import _thread

# The C type alone: `import random` brings statistics and hashes, and its generator is the program's, which may have
# seeded it.
from _random import Random
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from mutagent.export.receipt import SinkReceipt
from mutagent.export.result import Exporter, ExportResult
from mutagent.guard import guarded, say

if TYPE_CHECKING:
    from mutagent.export.payload import EncodedSpan
    from mutagent.export.spool import Spool

# One batch takes all that waits, up to here: a request that a service can swallow.
MAX_BATCH_SPANS = 1000
MAX_BATCH_BYTES = 4 << 20
# After so many failures in a row nothing waits in memory any more: it goes to the spool, and now and then one batch
# tries.
_OPEN_AFTER = 3
# An answer that takes longer may never come.
_SLOW_SECONDS = 2.0
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
# Seconds that one turn may spend on what earlier outages left behind.
_RECOVERY_SECONDS = 0.5


class Pace(NamedTuple):
    """When sending is due: at ``batch_size`` spans or ``interval`` seconds, but ``gap`` seconds after the last.

    ``nap``: seconds that the encoder waits after a span's end, for what ends meanwhile to come along.
    """

    batch_size: int
    interval: float
    gap: float
    nap: float


class Delivery:
    """The queue between the encoder and one exporter.

    Args:
        exporter: where the spans go.
        pace: when.
        max_bytes: what may wait in memory; beyond that the spool takes over.
        spool: None where there is nothing to fall back to; spans beyond ``max_bytes`` are then dropped.
    """

    def __init__(self, exporter: Exporter, pace: Pace, max_bytes: int, spool: Spool | None = None) -> None:
        self.exporter = exporter
        self.nap = pace.nap
        self._pace = pace
        self._max_bytes = max_bytes
        self._spool = spool
        self._waiting: deque[EncodedSpan] = deque()
        self._bytes = 0
        self._since = 0.0
        self._last_send = 0.0
        self._not_before = 0.0
        # The service's own Retry-After, which a flush respects as well.
        self._asked_until = 0.0
        self._failures = 0
        self._failing = False
        self._left_in_spool = False
        self._ending = False
        self._closed = False
        self._in_flight: list[EncodedSpan] | None = None
        self._account = SinkReceipt(exporter.name)
        # Reentrant: a signal handler that flushes may find it held by the very frame it interrupted.
        self._lock = _thread.RLock()

    def add(self, spans: Sequence[EncodedSpan]) -> None:
        """Take encoded spans; what memory has no room for goes to the spool, the oldest first."""
        with self._lock:
            if not self._waiting:
                self._since = monotonic()
            self._waiting.extend(spans)
            self._bytes += sum(span.size for span in spans)
        self._make_room()

    def _make_room(self) -> None:
        while self._waiting and self._bytes > self._room():
            with self._lock:
                excess = self._taken(MAX_BATCH_BYTES)
            self._keep([span for span in excess if span.ended])

    def prepare_end(self) -> None:
        """Not much time is left: what one more batch can't carry goes to the spool first."""
        self._ending = True
        self._make_room()

    def _room(self) -> int:
        """Bytes that may wait: few where what waits is better on disk, should the program end."""
        if self._closed:
            return -1
        unanswered = self._in_flight is not None and monotonic() - self._last_send > _SLOW_SECONDS
        if self._spool is not None and (self._ending or unanswered or self._failures >= _OPEN_AFTER):
            return MAX_BATCH_BYTES
        return self._max_bytes

    def shed(self, spans: Sequence[EncodedSpan]) -> None:
        """Take spans that there is no time or room to send: spool or drop them."""
        self._keep(list(spans))

    def lose(self, count: int) -> None:
        """Account for spans that could not even be encoded."""
        with self._lock:
            self._account.dropped += count

    def due_in(self) -> float | None:
        """Seconds until there is something to send; None where nothing waits."""
        now = monotonic()
        if self._waiting:
            full = self._bytes >= MAX_BATCH_BYTES or len(self._waiting) >= MAX_BATCH_SPANS
            many = len(self._waiting) >= self._pace.batch_size
            ready = now if many else self._since + self._pace.interval
            paced = now if full else max(ready, self._last_send + self._pace.gap)
            return max(0.0, max(paced, self._not_before) - now)
        if self._left_in_spool:
            return max(0.0, max(self._not_before, self._last_send + self._pace.gap) - now)
        return None

    def step(self, deadline: float | None) -> float | None:
        """Send what is due, or with a deadline all that waits, once; what the spool holds of ours goes first."""
        if self._left_in_spool and self._may_send(deadline):
            failures = self._failures
            self._recover(deadline)
            if self._failures > failures:
                return self.due_in()
        sent = False
        while self._waiting and self._may_send(deadline):
            sent = self._send(deadline)
            if not sent:
                return self.due_in()
        if sent:
            self._recover(deadline)
        return self.due_in()

    def _may_send(self, deadline: float | None) -> bool:
        if deadline is None:
            return self.due_in() == 0.0
        return self._asked_until <= monotonic() < deadline

    def give_up(self, until: float) -> None:
        """Nothing more is sent: what waits, and what has had no answer yet, goes to the spool or is dropped.

        Args:
            until: ``time.monotonic()`` seconds after which nothing more is written.
        """
        with self._lock:
            self._closed = True
            if self._in_flight and self._account.error is None:
                self._account.error = "no answer in time"
            left = (self._in_flight or []) + list(self._waiting)
            self._in_flight = None
            self._waiting.clear()
            self._bytes = 0
        left = [span for span in left if span.ended]
        if left:
            self._keep(left, until)
            self._say_failing()

    def receipt(self, ended: int) -> SinkReceipt:
        """The account, given how many spans have ended in all."""
        with self._lock:
            account = self._account
            settled = account.accepted + account.rejected + account.spooled + account.dropped
            return SinkReceipt(
                account.name, ended, account.accepted, account.rejected, account.spooled, account.dropped,
                max(0, ended - settled), account.recovered, account.error,
            )  # fmt: skip

    def _taken(self, max_bytes: int) -> list[EncodedSpan]:
        batch: list[EncodedSpan] = []
        size = 0
        while self._waiting and len(batch) < MAX_BATCH_SPANS and size < max_bytes:
            span = self._waiting.popleft()
            batch.append(span)
            size += span.size
        self._bytes = self._bytes - size if self._waiting else 0
        return batch

    def _send(self, deadline: float | None) -> bool:
        with self._lock:
            batch = self._in_flight = self._taken(MAX_BATCH_BYTES)
        self._last_send = monotonic()
        result = self._exported(batch, deadline)
        with self._lock:
            if self._in_flight is not batch:
                return False  # given up meanwhile, and counted there
            self._in_flight = None
            self._settle(batch, result)
        return self._judge(result)

    def _exported(self, batch: Sequence[EncodedSpan], deadline: float | None) -> ExportResult:
        result = guarded(f"export {self.exporter.name}", self.exporter.export, batch, deadline)
        return result or ExportResult(retry=list(batch), error="internal error")

    def _settle(self, batch: Sequence[EncodedSpan], result: ExportResult) -> None:
        # Spans that still run are shown, not accounted for: their end will be.
        ended = sum(span.ended for span in batch)
        retry = [span for span in result.retry if span.ended]
        self._account.accepted += max(0, ended - len(retry) - result.rejected - result.dropped)
        self._account.rejected += result.rejected
        self._account.dropped += result.dropped
        if result.spool:
            self._keep(retry)
        elif retry:
            self._waiting.extendleft(reversed(retry))
            self._bytes += sum(span.size for span in retry)

    def _judge(self, result: ExportResult) -> bool:
        self._account.error = result.error or self._account.error
        if result.error is None or (not result.retry and not result.wait_s):
            self._failures, self._not_before = 0, 0.0
            self._say_recovered()
            return True
        self._failures += 1
        self._asked_until = monotonic() + (result.wait_s or 0.0)
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self._failures - 1)) * (0.5 + Random().random() / 2)
        self._not_before = max(monotonic() + wait, self._asked_until)
        if self._failures >= 2 or result.spool:
            self._say_failing()
        if self._failures >= _OPEN_AFTER and self._spool is not None:
            self._spool_waiting()
        return False

    def _spool_waiting(self) -> None:
        while self._waiting:
            with self._lock:
                batch = self._taken(MAX_BATCH_BYTES)
            self._keep(batch)

    def _keep(self, spans: list[EncodedSpan], until: float = float("inf")) -> None:
        """Into the spool, else dropped; both are counted."""
        for start in range(0, len(spans), MAX_BATCH_SPANS):
            if monotonic() > until:
                self.lose(len(spans) - start)
                return
            self._keep_file(spans[start : start + MAX_BATCH_SPANS])

    def _keep_file(self, spans: list[EncodedSpan]) -> None:
        stored = self._spool is not None and bool(guarded("spool", self._spool.put, spans))
        with self._lock:
            if stored:
                self._account.spooled += len(spans)
                self._left_in_spool = True
            else:
                self._account.dropped += len(spans)
            if self._spool is not None:
                pushed_out = self._spool.take_evicted()
                self._account.spooled -= pushed_out
                self._account.dropped += pushed_out

    def _recover(self, deadline: float | None) -> None:
        """Send what the spool holds, for as long as a turn may take."""
        if self._spool is None:
            return
        until = min(deadline or float("inf"), monotonic() + _RECOVERY_SECONDS)
        outcome = guarded("spool recovery", self._spool.recover, lambda spans: self._redeliver(spans, until), until)
        with self._lock:
            self._left_in_spool = outcome is not None and outcome.left
            if outcome is not None:
                self._account.recovered += outcome.spans
                self._account.spooled -= outcome.own
                self._account.accepted += outcome.own

    def _redeliver(self, spans: list[EncodedSpan], deadline: float) -> ExportResult:
        self._last_send = monotonic()
        result = self._exported(spans, deadline)
        if not result.spool:
            self._judge(result)
        return result

    def _say_failing(self) -> None:
        target = getattr(self.exporter, "target", None)
        if self._failing or target is None or self._account.error is None:
            return
        self._failing = True
        kept = "spans are dropped" if self._spool is None else f"spans are kept in {self._spool.home} and sent later"
        say(f"delivery to {target} fails: {self._account.error}; {kept}.")

    def _say_recovered(self) -> None:
        if self._failing:
            self._failing = False
            say(f"delivery to {getattr(self.exporter, 'target', self.exporter.name)} works again.")
