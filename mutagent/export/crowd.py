"""How much of the queue a producer may take for small before it has to look: the limits in front of the encoder."""

from __future__ import annotations

from collections.abc import Sequence

from mutagent.config import Settings
from mutagent.export.payload import EncodedSpan
from mutagent.tracing.tracer import Reader

# Unencoded spans may hold anything from a hundred bytes to the field limit each: one in so many is looked at.
_SAMPLE_EVERY = 256
_MOST_UNENCODED = 10_000


class Crowd:
    """What waits for the encoder, estimated. It sets the patience with which producers wait to call :meth:`sampled`.

    Args:
        settings: the hard limits.
        reader: what producers see of the encoder.
    """

    __slots__ = ("_bytes", "_max_bytes", "_max_spans", "_reader")

    def __init__(self, settings: Settings, reader: Reader) -> None:
        self._max_bytes = settings.max_queue_bytes
        self._max_spans = settings.max_queue_spans
        self._bytes = 0
        self._reader = reader
        reader.patience = _SAMPLE_EVERY

    def sampled(self, size: int, waiting: int) -> bool:
        """Take account of one span that a producer has encoded.

        Args:
            size: its bytes.
            waiting: the length of the queue.

        Returns:
            Whether the queue is past its hard limit.
        """
        if self._reader.patience < min(_MOST_UNENCODED, self._max_spans) and self._bytes < self._max_bytes // 4:
            self._reader.patience += _SAMPLE_EVERY
            self._bytes += _SAMPLE_EVERY * size
            return False
        self._bytes += size
        return waiting > self._max_spans or self._bytes > self._max_bytes

    def measured(self, batch: Sequence[EncodedSpan], waiting: int) -> None:
        """Estimate anew, after the encoder has taken ``batch``: what still waits is taken to be like it."""
        self._bytes = waiting * sum(span.size for span in batch) // max(1, len(batch))
        roomy = self._bytes < self._max_bytes // 4 and waiting < _MOST_UNENCODED
        self._reader.patience = waiting + _SAMPLE_EVERY if roomy else _SAMPLE_EVERY

    def shed(self, batch: Sequence[EncodedSpan]) -> None:
        """``batch`` was taken out past the limit."""
        self._bytes -= min(self._bytes, sum(span.size for span in batch))
