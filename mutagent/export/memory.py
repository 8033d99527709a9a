"""Keep spans in memory, in wire form: for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mutagent.export.payload import EncodedSpan, batch_body
from mutagent.export.result import ExportResult


class MemoryExporter:
    """Collects what a service would have been sent.

    ``spans`` holds each span's wire dict with its ``traceId``, in the order of their ends; ``traces`` the traces' own
    fields by trace id.
    """

    name = "memory"
    wants_open = False

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        self.traces: dict[str, dict[str, Any]] = {}

    def export(self, spans: Sequence[EncodedSpan], deadline: float | None) -> ExportResult:
        """Keep a batch."""
        for trace in json.loads(batch_body(spans))["traces"]:
            del trace["spans"]
            self.traces.setdefault(trace["traceId"], {}).update(trace)
        self.spans += [{"traceId": span.trace_id, **json.loads(span.body)} for span in spans]
        return ExportResult(accepted=len(spans))

    def close(self) -> None:
        """Nothing to close."""

    def clear(self) -> None:
        """Forget what was collected."""
        self.spans.clear()
        self.traces.clear()
