"""See in a test which spans the code under test makes: nothing is sent, no thread is started.

::

    from mutagent.testing import capture

    def test_agent_asks_once():
        with capture() as captured:
            run_agent("hello")
        assert [span["name"] for span in captured.spans] == ["chat gpt-4o", "run_agent"]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mutagent.capture import snapshot
from mutagent.config import Settings, resolve
from mutagent.tracing import failure, runtime
from mutagent.tracing.tracer import Sink

if TYPE_CHECKING:
    from mutagent.tracing.span import MutagentSpan
    from mutagent.tracing.tracer import Tracer


class CapturedSpans(Sink):
    """The spans that ended so far, in the order of their ends, as the dicts that would be sent."""

    def __init__(self, settings: Settings) -> None:
        from mutagent.export.assembly import resource
        from mutagent.export.cost import cost_of
        from mutagent.export.payload import Encoder

        self.spans: list[dict[str, Any]] = []
        self.traces: dict[str, dict[str, Any]] = {}
        self.open_spans: Callable[[], list[MutagentSpan]] = list
        self._encoder = Encoder(settings, resource(settings))
        self._cost_of = cost_of

    def ended(self, span: MutagentSpan) -> None:
        """Keep a span that ended, in wire form with its ``traceId``."""
        if sys.is_finalizing():
            return  # a forgotten span, of which nobody asks any more
        encoded = self._encoder.encode(span, self._cost_of(span))
        self.traces[encoded.trace_id] = json.loads(encoded.header)
        self.spans.append({"traceId": encoded.trace_id, **json.loads(encoded.body)})

    def flush(self, timeout: float) -> None:
        """Nothing is ever pending."""

    def shutdown(self, timeout: float) -> None:
        """Nothing is ever pending."""

    def named(self, name: str) -> dict[str, Any]:
        """The one span of this name.

        Raises:
            LookupError: where there is none, or more than one.
        """
        found = [span for span in self.spans if span["name"] == name]
        if len(found) != 1:
            raise LookupError(f"{len(found)} spans are named {name!r}; there are: {[s['name'] for s in self.spans]}")
        return found[0]

    def children(self, span: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The spans right below one, or the roots for None, by their starts."""
        parent = None if span is None else span["spanId"]
        found = [item for item in self.spans if item.get("parentSpanId") == parent]
        return sorted(found, key=lambda item: str(item["startTime"]))

    def tree(self) -> list[Any]:
        """All spans as nested ``[name, [children]]`` lists, siblings by their starts: made to be compared."""

        def below(span: dict[str, Any] | None) -> list[Any]:
            return [[item["name"], below(item)] for item in self.children(span)]

        return below(None)


class capture:  # used as a function: `with capture() as captured:`
    """Trace the block into memory, in place of whatever tracing was on; what was on is on again afterwards.

    Args:
        settings: ``init_tracing`` arguments, such as ``capture_inputs=False`` or ``mask=...``.
    """

    # What keeps the spans.
    sink: type[CapturedSpans] = CapturedSpans

    def __init__(self, **settings: Any) -> None:
        self._settings = resolve({"local": True, **settings}, {})
        self._before: tuple[Tracer | None, Any, bool] | None = None
        self._max_bytes = 0

    def __enter__(self) -> CapturedSpans:
        live = runtime.live
        self._before = (live.tracer, live.pipeline, live.undecided)
        self._max_bytes = snapshot.max_bytes()
        live.pipeline = None  # not to be shut down by the start
        sink = self.sink(self._settings)
        runtime.start(self._settings, sink)
        return sink

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        live = runtime.live
        assert self._before is not None
        live.tracer, live.pipeline, live.undecided = self._before
        snapshot.set_max_bytes(self._max_bytes)
        before = live.tracer
        failure.set_with_messages(before is None or before.capture_inputs or before.capture_outputs)
