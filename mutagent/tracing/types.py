"""What users construct and read: kinds, inputs and outputs, metrics, options.

Slotted dataclasses that are checked where they are constructed. The names and forms are those of the first published
``mutagent.tracing`` module, so that programs written for it run unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any


class SpanKind(str, Enum):
    """What a span stands for; members are strings, and plain strings are taken wherever a member is."""

    LLM_CHAT = "llm.chat"
    LLM_COMPLETION = "llm.completion"
    LLM_EMBEDDING = "llm.embedding"
    CHAIN = "chain"
    AGENT = "agent"
    GRAPH = "graph"
    NODE = "node"
    EDGE = "edge"
    WORKFLOW = "workflow"
    MIDDLEWARE = "middleware"
    TOOL = "tool"
    RETRIEVAL = "retrieval"
    RERANK = "rerank"
    GUARDRAIL = "guardrail"
    CUSTOM = "custom"


class SpanStatus(str, Enum):
    """How a span ended."""

    OK = "ok"
    ERROR = "error"
    UNSET = "unset"


# Looked up with members and plain strings alike: a str Enum hashes and compares as its value.
KINDS: dict[str, str] = {kind.value: kind.value for kind in SpanKind}
SPAN_KINDS: tuple[str, ...] = tuple(KINDS)
STATUSES: dict[str, str] = {status.value: status.value for status in SpanStatus}


def checked_kind(kind: str) -> str:
    """The kind as a plain string.

    Raises:
        ValueError: with the list of kinds, where it is none of them.
    """
    try:
        return KINDS[kind]
    except (KeyError, TypeError):
        raise ValueError(f"unknown span kind {kind!r}; one of: {', '.join(KINDS)}.") from None


def checked_status(status: str) -> str:
    """The status as a plain string.

    Raises:
        ValueError: with the list of statuses, where it is none of them.
    """
    try:
        return STATUSES[status]
    except (KeyError, TypeError):
        raise ValueError(f"unknown span status {status!r}; one of: {', '.join(STATUSES)}.") from None


class _Record:
    """What the dataclasses below print and compare as.

    Written once here and not made for each of them: every program that imports an LLM library would pay 1.5 ms for it.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, each.name) == getattr(other, each.name) for each in fields(self))  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)  # type: ignore[arg-type]
        return f"{type(self).__qualname__}({', '.join(shown)})"


@dataclass(slots=True, eq=False, repr=False)
class ToolCall(_Record):
    """One call of a tool: its id, the tool's name, the arguments and, once known, the result."""

    id: str
    name: str
    arguments: Any
    result: Any = None

    def to_dict(self) -> dict[str, Any]:
        """The wire form; ``result`` only where there is one."""
        plain = {"id": self.id, "name": self.name, "arguments": self.arguments}
        if self.result is not None:
            plain["result"] = self.result
        return plain


@dataclass(slots=True, eq=False, repr=False)
class SpanMessage(_Record):
    """One message of a conversation."""

    role: str
    content: Any
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The wire form: ``role``, ``content`` and what else is set, in camelCase."""
        plain: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.name is not None:
            plain["name"] = self.name
        if self.tool_call_id is not None:
            plain["toolCallId"] = self.tool_call_id
        if self.tool_calls is not None:
            plain["toolCalls"] = [_plain(call) for call in self.tool_calls]
        return plain


@dataclass(slots=True, eq=False, repr=False)
class Document(_Record):
    """One retrieved document, with its score where the retriever gave one."""

    content: Any
    metadata: dict[str, Any] | None = None
    score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The wire form; ``metadata`` and ``score`` only where set."""
        plain: dict[str, Any] = {"content": self.content}
        if self.metadata is not None:
            plain["metadata"] = self.metadata
        if self.score is not None:
            plain["score"] = self.score
        return plain


@dataclass(slots=True, eq=False, repr=False)
class SpanIO(_Record):
    """What went into a span or came out of it; every part is optional."""

    messages: list[Any] | None = None
    tool_calls: list[Any] | None = None
    documents: list[Any] | None = None
    text: str | None = None
    raw: Any = None

    def to_dict(self) -> dict[str, Any]:
        """The wire form: the parts that are set, in camelCase."""
        plain: dict[str, Any] = {}
        if self.messages is not None:
            plain["messages"] = [_plain(message) for message in self.messages]
        if self.tool_calls is not None:
            plain["toolCalls"] = [_plain(call) for call in self.tool_calls]
        if self.documents is not None:
            plain["documents"] = [_plain(document) for document in self.documents]
        if self.text is not None:
            plain["text"] = self.text
        if self.raw is not None:
            plain["raw"] = self.raw
        return plain


_OURS = (SpanMessage, ToolCall, Document)


def _plain(part: Any) -> Any:
    return part.to_dict() if isinstance(part, _OURS) else part


@dataclass(slots=True, eq=False, repr=False)
class SpanEvent(_Record):
    """Something that happened within a span; ``timestamp`` is a datetime, now when left out at recording."""

    name: str
    timestamp: Any = None
    attributes: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, repr=False)
class SpanMetrics(_Record):
    """Model, tokens, cost in USD, and times in ms. What is not known stays None and is left out on the wire."""

    model: str | None = None
    provider: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cost_usd: float | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None

    def update(self, other: SpanMetrics) -> None:
        """Take over every value that ``other`` knows."""
        for name in _METRICS:
            value = getattr(other, name)
            if value is not None:
                setattr(self, name, value)


_METRICS = ("model", "provider", "input_tokens", "output_tokens", "total_tokens", "cost_usd", "latency_ms", "ttft_ms")


@dataclass(slots=True, init=False, eq=False, repr=False)
class SpanOptions(_Record):
    """How a span starts; see :func:`mutagent.tracing.start_span`.

    Raises:
        ValueError: for a kind that is not in :class:`SpanKind`.
    """

    kind: str
    name: str | None = None
    input: SpanIO | None = None
    attributes: dict[str, Any] | None = None
    parent_span_id: str | None = None
    session_id: str | None = None
    trace_id: str | None = None

    # By hand, so that the check costs no second call: one of these is made for every span.
    def __init__(
        self,
        kind: str,
        name: str | None = None,
        input: SpanIO | None = None,
        attributes: dict[str, Any] | None = None,
        parent_span_id: str | None = None,
        session_id: str | None = None,
        trace_id: str | None = None,
    ) -> None:
        if type(kind) is not str or kind not in KINDS:
            checked_kind(kind)
        self.kind = kind
        self.name = name
        self.input = input
        self.attributes = attributes
        self.parent_span_id = parent_span_id
        self.session_id = session_id
        self.trace_id = trace_id


@dataclass(slots=True, init=False, eq=False, repr=False)
class SpanEndOptions(_Record):
    """How a span ends; see :func:`mutagent.tracing.end_span`.

    Raises:
        ValueError: for a status other than ``ok``, ``error`` and ``unset``.
    """

    status: str | None = None
    status_message: str | None = None
    output: SpanIO | None = None
    metrics: SpanMetrics | None = None
    attributes: dict[str, Any] | None = None
    events: list[SpanEvent] | None = None

    def __init__(
        self,
        status: str | None = None,
        status_message: str | None = None,
        output: SpanIO | None = None,
        metrics: SpanMetrics | None = None,
        attributes: dict[str, Any] | None = None,
        events: list[SpanEvent] | None = None,
    ) -> None:
        if status is not None and (type(status) is not str or status not in STATUSES):
            checked_status(status)
        self.status = status
        self.status_message = status_message
        self.output = output
        self.metrics = metrics
        self.attributes = attributes
        self.events = events


@dataclass(slots=True, eq=False, repr=False)
class TracingConfig(_Record):
    """The configuration object that ``init_tracing(config=...)`` takes instead of single arguments."""

    api_key: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    environment: str | None = None
    batch_size: int | None = None
    batch_interval_ms: int | None = None
    debug: bool | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        # The first published form filled these in at construction, and programs read them back.
        self.endpoint = self.endpoint or "https://api.mutagent.io"
        self.batch_size = 10 if self.batch_size is None else self.batch_size
        self.batch_interval_ms = 5000 if self.batch_interval_ms is None else self.batch_interval_ms
        self.debug = bool(self.debug)
        self.source = self.source or "sdk"


@dataclass(slots=True, eq=False, repr=False)
class FinishedSpan(_Record):
    """A span after its end, as exporters of the first published module saw it. Times are ISO 8601, UTC."""

    span_id: str
    trace_id: str
    name: str
    kind: str
    start_time: str
    end_time: str
    duration_ms: float
    status: str
    parent_span_id: str | None = None
    input: SpanIO | None = None
    output: SpanIO | None = None
    model: str | None = None
    provider: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cost_usd: float | None = None
    status_message: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    session_id: str | None = None


TracePayload = dict[str, Any]
TraceHTTPResponse = dict[str, Any]
