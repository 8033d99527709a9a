"""Spans in memory that are encoded when a test looks, and not when they end: as late as the worker does it."""

from __future__ import annotations

from typing import Any

from mutagent.config import Settings
from mutagent.testing import CapturedSpans, capture
from mutagent.tracing.span import MutagentSpan


class LateSpans(CapturedSpans):
    """Keeps what has ended until somebody looks."""

    def __init__(self, settings: Settings) -> None:
        self.waiting: list[MutagentSpan] = []
        super().__init__(settings)

    def ended(self, span: MutagentSpan) -> None:
        self.waiting.append(span)

    def encode(self) -> None:
        """Encode what waits."""
        waiting, self.waiting = self.waiting, []
        for span in waiting:
            super().ended(span)

    @property
    def spans(self) -> list[dict[str, Any]]:  # type: ignore[override]
        self.encode()
        return self._spans

    @spans.setter
    def spans(self, spans: list[dict[str, Any]]) -> None:
        self._spans = spans

    @property
    def traces(self) -> dict[str, dict[str, Any]]:  # type: ignore[override]
        self.encode()
        return self._traces

    @traces.setter
    def traces(self, traces: dict[str, dict[str, Any]]) -> None:
        self._traces = traces


class late_capture(capture):  # used as a function: `with late_capture() as captured:`
    """As ``capture``."""

    sink = LateSpans
