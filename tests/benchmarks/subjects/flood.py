"""As many spans as one thread can make, as fast as it can: what became of them, and how much memory it took.

``BENCH_TRACER`` is ``mutagent`` or ``opentelemetry``, ``BENCH_ENDPOINT`` where spans go, ``BENCH_SPANS`` how many.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

from work import FIVE

SPANS = int(os.environ["BENCH_SPANS"])
ENDPOINT = os.environ["BENCH_ENDPOINT"]
# So that the exit is timed after delivery where there is any, and is the delivery where there is none.
WAIT = 60 if os.environ.get("BENCH_WAIT", "1") == "1" else 0


def mutagent() -> tuple[Callable[[], None], Callable[[], dict[str, int]]]:
    """Spans by this checkout, and what became of them."""
    from mutagent import tracing
    from mutagent.tracing import SpanEndOptions, SpanOptions, end_span, start_span

    tracing.init_tracing(endpoint=ENDPOINT, home=os.environ["BENCH_HOME"])

    def span() -> None:
        end_span(start_span(SpanOptions(kind="tool", name="work", attributes=dict(FIVE))), SpanEndOptions(status="ok"))

    def account() -> dict[str, int]:
        receipt: Any = tracing.flush(WAIT)
        [sink] = receipt.sinks
        return {name: getattr(sink, name) for name in ("accepted", "spooled", "dropped", "pending")}

    return span, account


def opentelemetry() -> tuple[Callable[[], None], Callable[[], dict[str, int]]]:
    """Spans by the OpenTelemetry SDK, its queue so long that it drops nothing."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    accepted = [0]

    class Counted(OTLPSpanExporter):
        def export(self, spans: Any) -> Any:
            result = super().export(spans)
            accepted[0] += len(spans) if result is SpanExportResult.SUCCESS else 0
            return result

    provider = TracerProvider()
    provider.add_span_processor(
        BatchSpanProcessor(Counted(ENDPOINT + "/v1/traces"), max_queue_size=4 * SPANS, max_export_batch_size=512)
    )
    tracer = provider.get_tracer("benchmark")

    def span() -> None:
        with tracer.start_as_current_span("work", attributes=FIVE):
            pass

    def account() -> dict[str, int]:
        provider.force_flush(WAIT * 1000)
        return {"accepted": accepted[0]}

    return span, account


def memory(name: str) -> float:
    """``VmRSS`` or ``VmHWM`` in MB."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(name))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Flood, and say what became of it."""
    span, account = {"mutagent": mutagent, "opentelemetry": opentelemetry}[os.environ["BENCH_TRACER"]]()
    span()
    if WAIT:
        account()
    idle = memory("VmRSS")
    used, begun = process_time(), perf_counter()
    for _ in range(SPANS):
        span()
    made = perf_counter() - begun
    found = account()
    found_at = perf_counter() - begun
    print(
        json.dumps({
            "made": made, "delivered": found_at, "cpu": process_time() - used,
            "memory": memory("VmHWM") - idle, **found,
        }),
        flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
