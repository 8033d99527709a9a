"""Tracing for LLM programs: spans by decorator or by hand, in one tree with the automatic ones.

Everything public is here; ``docs/manual-api.md`` shows it in use.
"""

from mutagent.tracing.api import (
    end_span,
    get_current_session_id,
    get_current_span,
    get_current_trace_id,
    run_in_span_context,
    start_span,
)
from mutagent.tracing.context import extract, inject, session
from mutagent.tracing.decorator import trace
from mutagent.tracing.handle import SpanHandle, with_trace
from mutagent.tracing.runtime import flush, init_tracing, is_tracing_initialized, shutdown_tracing
from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.types import (
    Document,
    FinishedSpan,
    SpanEndOptions,
    SpanEvent,
    SpanIO,
    SpanKind,
    SpanMessage,
    SpanMetrics,
    SpanOptions,
    SpanStatus,
    ToolCall,
    TraceHTTPResponse,
    TracePayload,
    TracingConfig,
)

__all__ = [
    "Document",
    "FinishedSpan",
    "MutagentSpan",
    "SpanEndOptions",
    "SpanEvent",
    "SpanHandle",
    "SpanIO",
    "SpanKind",
    "SpanMessage",
    "SpanMetrics",
    "SpanOptions",
    "SpanStatus",
    "ToolCall",
    "TraceHTTPResponse",
    "TracePayload",
    "TracingConfig",
    "end_span",
    "extract",
    "flush",
    "get_current_session_id",
    "get_current_span",
    "get_current_trace_id",
    "init_tracing",
    "inject",
    "is_tracing_initialized",
    "run_in_span_context",
    "session",
    "shutdown_tracing",
    "start_span",
    "trace",
    "with_trace",
]
