"""What a framework's run leaves in the context variable, where a plain span would be current for code outside the run.

Both stand in the first place of the context's ``(callable, value outside)`` pairs and answer with the span that is
current for whoever asks, or with None, and the lookup goes on outside.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from contextvars import ContextVar, Token
from threading import get_ident
from typing import Any

from mutagent.integrations.claims import is_under_way
from mutagent.tracing.context import open_span
from mutagent.tracing.span import MutagentSpan

# Set with each scope and read by nobody: its token tells whether code runs in the very context where it was set.
_probe: ContextVar[None] = ContextVar("mutagent_scope", default=None)
# Before 3.11 a task could not be given a context, and a framework's own variables don't reach its tasks.
_TASKS_TAKE_NO_CONTEXT = sys.version_info < (3, 11)


class Scope:
    """The span of a run that starts in the context of whoever consumes it: a generator, or one run of a batch.

    The run's own steps work in copies of that context. Between two of its chunks the consumer works in the context
    itself, or in copies of its own, and what the consumer does there is not part of the run.

    Args:
        span: the run's span.
        is_within: whether the framework says that the running code belongs to the run; None where it says nothing.
    """

    __slots__ = ("is_within", "span", "thread", "token")

    def __init__(self, span: MutagentSpan, is_within: Callable[[], bool | None]) -> None:
        self.span = span
        self.is_within = is_within
        self.thread = get_ident()
        self.token: Token[None] = _probe.set(None)

    def __call__(self) -> MutagentSpan | None:
        if self.span.duration_ns is not None:
            return None
        within = self.is_within()
        if within is None:
            # A thread of the program's own gets our variables and not the framework's.
            within = get_ident() != self.thread or (_TASKS_TAKE_NO_CONTEXT and not self._is_here())
        return self.span if within else None

    def _is_here(self) -> bool:
        # There is no other way to ask whether two contexts are the same object.
        try:
            _probe.reset(self.token)
        except ValueError:
            return False
        self.token = _probe.set(None)
        return True


class Batch:
    """The spans of model calls that were announced together and are made one after the other, or at once.

    Current is the first that no request has been made for yet; requests come in the order of the announcements.
    """

    __slots__ = ("parent", "size", "spans")

    def __init__(self, parent: Any, size: int) -> None:
        self.parent = parent
        self.size = size
        self.spans: list[MutagentSpan] = []

    def __call__(self) -> MutagentSpan | None:
        still_open = [span for span in self.spans if span.duration_ns is None]
        unclaimed = [span for span in still_open if span.claim is not None and not is_under_way(span.claim)]
        return next(iter(unclaimed or still_open), None)

    def takes(self, parent: Any) -> bool:
        """Whether the next run under this parent belongs to this batch."""
        return self.parent is parent and len(self.spans) < self.size


def still_there(value: Any) -> Any:
    """A context value without what has ended at its head, so that values never pile up in a context that lives long."""
    while value is not None:
        if value.__class__ is tuple:
            held, outside = value
            span = held.span if held.__class__ is Scope else held()
        else:
            span, outside = value, value.outer
        if span is not None and span.duration_ns is None:
            break
        value = outside
    return value


def stands_between(value: Any, span: MutagentSpan, runs: Container[int]) -> bool:
    """Whether the innermost open span of a context value is the program's own and was started within ``span``'s run.

    Args:
        value: a context value.
        span: the span of a run.
        runs: the numbers of the spans that stand for a framework's runs.
    """
    inner = open_span(value)
    if inner is None or inner.span_number in runs:
        return False
    while inner is not None and inner.span_number not in runs:
        inner = open_span(inner.outer)
    return inner is span
