"""What became of the spans of one process, sink by sink."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mutagent.tracing.span import MutagentSpan


@dataclass(slots=True)
class SinkReceipt:
    """One sink's account: ``ended == accepted + rejected + spooled + dropped + pending``.

    ``spooled`` lie on disk for a later delivery; ``recovered`` (beside the sum) came from there, from earlier
    processes too; ``error`` is the last reason for which a delivery failed.
    """

    name: str
    ended: int = 0
    accepted: int = 0
    rejected: int = 0
    spooled: int = 0
    dropped: int = 0
    pending: int = 0
    recovered: int = 0
    error: str | None = None

    def __str__(self) -> str:
        counts = ((self.accepted, "accepted"), (self.rejected, "rejected"), (self.spooled, "spooled"),
                  (self.dropped, "dropped"), (self.pending, "pending"), (self.recovered, "recovered"))  # fmt: skip
        said = [f"{count} {word}" for count, word in counts if count] or ["nothing sent"]
        return f"{self.name}: {', '.join(said)}" + (f" (last error: {self.error})" if self.error else "")


@dataclass(slots=True)
class Totals:
    """What the ended spans of a process add up to; ``traces`` counts those whose root ended here."""

    traces: int = 0
    spans: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    priced: int = 0

    def add(self, span: MutagentSpan, cost_usd: float | None) -> None:
        """Count one ended span."""
        self.spans += 1
        self.traces += span.parent_number is None
        metrics = span._metrics
        if metrics is None:
            return
        self.input_tokens += metrics.input_tokens or 0
        self.output_tokens += metrics.output_tokens or 0
        cost = cost_usd if metrics.cost_usd is None else metrics.cost_usd
        if cost is not None:
            self.cost_usd += cost
            self.priced += 1


@dataclass(slots=True)
class Receipt:
    """What :func:`mutagent.tracing.flush` returns: the account of every sink, and what stands beside.

    ``open`` spans have not ended, ``unsampled`` ones were left out by the sample rate.
    """

    sinks: list[SinkReceipt] = field(default_factory=list)
    ended: int = 0
    open: int = 0
    unsampled: int = 0
    totals: Totals = field(default_factory=Totals)

    @property
    def delivered(self) -> bool:
        """Whether every sink has accepted everything that ended."""
        return all(sink.accepted == sink.ended for sink in self.sinks)

    def sink(self, name: str) -> SinkReceipt:
        """The account of one sink by its name (``mutagent``: the service); an empty one where there is none."""
        return next((sink for sink in self.sinks if sink.name == name), SinkReceipt(name))

    def to_dict(self) -> dict[str, Any]:
        """As JSON would have it."""
        return asdict(self)

    def __str__(self) -> str:
        beside = [f"{count} {word}" for count, word in ((self.open, "open"), (self.unsampled, "unsampled")) if count]
        head = ", ".join([f"{self.ended} spans ended", *beside])
        return "; ".join([head, *map(str, self.sinks)])
