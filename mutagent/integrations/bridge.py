"""A framework's runs → spans, by the framework's own ids.

Frameworks announce their runs to callbacks, on whatever thread or task, with the id of the run and that of its parent.
The map from ids to spans holds open runs only: each leaves it when it ends, a tree whose root has ended is given a
little time for what ends late (a generator's steps are closed after it), and there is a bound on how many may be open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from time import monotonic, perf_counter_ns
from typing import Any

from mutagent.guard import guarded
from mutagent.integrations.claims import is_under_way
from mutagent.integrations.scopes import Batch, Scope, stands_between, still_there
from mutagent.tracing import failure
from mutagent.tracing.context import current
from mutagent.tracing.runtime import live, live_tracer
from mutagent.tracing.span import MutagentSpan, Session
from mutagent.tracing.tracer import Tracer

MAX_RUNS = 10_000
# Seconds for which what should end is waited for after its root has ended, and of how many roots at once.
GRACE = 10.0
MAX_LATE = 100


class Run:
    """One run of a framework: its span, or the span of the nearest run above it that is shown.

    ``notes`` is the framework's integration's to use.
    """

    __slots__ = ("before", "id", "is_root", "notes", "parent", "shown", "span", "tracer", "tree", "value")

    def __init__(
        self, id: Any, parent: Run | None, span: MutagentSpan, tracer: Tracer, shown: bool, notes: Any
    ) -> None:
        self.id = id
        self.parent = parent
        self.span = span
        self.tracer = tracer
        self.shown = shown
        self.notes = notes
        self.is_root = parent is None
        # The open runs of this tree, shared by all of them.
        self.tree: dict[Any, Run] = {} if parent is None else parent.tree
        # What stands in the context while this run is current, and what stood there before.
        self.value: Any = None
        self.before: Any = None


class Bridge:
    """The open runs of one framework in this process, shared by all of its handlers: a run has one span."""

    __slots__ = ("_by_span", "_grace", "_late", "_max_runs", "_now", "runs")

    def __init__(self, max_runs: int = MAX_RUNS, grace: float = GRACE, now: Callable[[], float] = monotonic) -> None:
        self.runs: dict[Any, Run] = {}
        self._by_span: dict[int, Run] = {}
        self._late: deque[tuple[float, dict[Any, Run]]] = deque()
        self._max_runs = max_runs
        self._grace = grace
        self._now = now

    def run_of(self, span: MutagentSpan | None) -> Run | None:
        """The open run that a span stands for."""
        return None if span is None else self._by_span.get(span.span_number)

    def hide(self, id: Any, parent: Run, notes: Any) -> Run:
        """Note a run that gets no span of its own: what runs within it is shown under its parent."""
        run = Run(id, parent, parent.span, parent.tracer, False, notes)
        self._keep(run)
        return run

    def start(
        self,
        id: Any,
        parent: Run | None,
        kind: str,
        name: str,
        attributes: dict[str, Any] | None = None,
        session: Session | None = None,
        notes: Any = None,
        batch: int = 1,
    ) -> Run | None:
        """Begin the span of a run; None where tracing is off.

        Args:
            id: the framework's id of the run, not in the map yet.
            parent: the run it belongs to; without one it goes under what is current, or begins a trace.
            kind: the span's kind.
            name: the span's name.
            attributes: becomes the span's own dict.
            session: over the current one.
            notes: kept on the run.
            batch: how many model calls are announced together, this one included.
        """
        tracer = live.tracer or live_tracer()
        if tracer is None:
            return None
        here = still_there(current.get())
        joined = here if batch > 1 and _is_batch(here) and here[0].takes(parent) else None
        if joined is not None:
            here = joined[1]
        span = tracer.start(kind, name, self._outer(parent, here), None, attributes, session)
        run = Run(id, parent, span, tracer, True, notes)
        run.before = here
        if batch > 1:
            run.value = joined or (Batch(parent, batch), here)
            run.value[0].spans.append(span)
        self._keep(run)
        return run

    def _outer(self, parent: Run | None, here: Any) -> Any:
        """The context value to start under: the parent's span, or what the program itself has opened within it."""
        if parent is None or stands_between(here, parent.span, self._by_span):
            return here
        return parent.span

    def _keep(self, run: Run) -> None:
        if run.is_root:
            self._sweep()
            self._forget_ended()
        if len(self.runs) >= self._max_runs:
            guarded("bridge: too many runs", self._abandon, next(iter(self.runs.values())))
        self.runs[run.id] = run.tree[run.id] = run
        if run.shown:
            self._by_span[run.span.span_number] = run

    def enter(self, run: Run, is_within: Callable[[], bool | None] | None = None) -> None:
        """Make a run's span current.

        Args:
            run: the run.
            is_within: for a run in whose context other code works while it is open: whether the running code belongs
                to it; None where the framework can't tell.
        """
        if run.value is None:
            run.value = run.span if is_within is None else (Scope(run.span, is_within), run.before)
        current.set(run.value)

    def leave(self, run: Run) -> None:
        """Make current what was before, where the run's span still is; elsewhere it is skipped once it has ended."""
        if run.value is not None and current.get() is run.value:
            current.set(run.before)

    def pop(self, id: Any) -> Run | None:
        """Take a run that ends out of the map; None where it is not there, or not any more."""
        run = self.runs.pop(id, None)
        if run is None:
            return None
        run.tree.pop(id, None)
        self.leave(run)
        if run.is_root:
            if run.tree:
                self._late.append((self._now(), run.tree))
            self._sweep()
        return run

    def cancel(self, root: Run, error: BaseException) -> None:
        """End with this exception what is still open below a root that was popped: no more will be heard of it."""
        for run in list(root.tree.values()):
            if self.pop(run.id) is not None:
                self.finish(run, error)

    def finish(self, run: Run, error: BaseException | None = None) -> None:
        """End the span of a run that was popped.

        A request of its client that is still under way, such as a stream about to be closed, has more to say: the
        client's patch hands the span over when it has said it.
        """
        if not run.shown:
            return
        self._by_span.pop(run.span.span_number, None)
        if is_under_way(run.span.claim):
            self._wait(run, error)
        elif error is not None:
            run.tracer.fail(run.span, error)
        else:
            run.tracer.end(run.span)

    def _wait(self, run: Run, error: BaseException | None) -> None:
        span = run.span
        span.duration_ns = perf_counter_ns() - span.start_tick
        if error is not None:
            failure.record(span, error)
        self._late.append((self._now(), {run.id: run}))

    def _sweep(self) -> None:
        """Give up what has been waited for long enough."""
        while self._late and (len(self._late) > MAX_LATE or self._now() - self._late[0][0] > self._grace):
            _, tree = self._late.popleft()
            for run in list(tree.values()):
                guarded("bridge: late run", self._abandon, run)

    def _forget_ended(self) -> None:
        # Of the oldest: a run that was cancelled may end without a word from the framework.
        for run in list(islice(self.runs.values(), 4)):
            if run.shown and run.span.duration_ns is not None:
                guarded("bridge: ended run", self._abandon, run)

    def _abandon(self, run: Run) -> None:
        self.runs.pop(run.id, None)
        run.tree.pop(run.id, None)
        if not run.shown:
            return
        self._by_span.pop(run.span.span_number, None)
        if run.span.duration_ns is None:
            run.tracer.abandon(run.span)
        elif is_under_way(run.span.claim):
            run.span.claim = None
            run.tracer.end(run.span, duration_ns=run.span.duration_ns)


def _is_batch(value: Any) -> bool:
    return value.__class__ is tuple and value[0].__class__ is Batch
