"""The one engine: a span around each call of a target, whatever the library and however the answer comes.

It supplies spans, context, sync and async, streams, raw responses, managers, errors and cancellation; a spec supplies
what to read. What stands in the place of its methods is in :mod:`mutagent.integrations.wrappers`; all but the real call
runs behind the guard.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from mutagent.capture.kinds import Kind, kinds
from mutagent.capture.snapshot import Copied
from mutagent.guard import Guard, attempt, counted_by, record_failure, say_once
from mutagent.integrations import facts
from mutagent.integrations.claims import ATTEMPTS, MODEL_FAMILIES, OUTER, UNDER_WAY, Carried, claim_of, family_of
from mutagent.integrations.frozen import Frozen, record_response
from mutagent.integrations.pickled import Given, pickled
from mutagent.integrations.shapes.hosts import address_of
from mutagent.integrations.spec import Integration, Request, Response, Target
from mutagent.tracing import context, failure
from mutagent.tracing.runtime import live, live_tracer
from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.tracer import Tracer

# So many failures of ours in a row, and a target is left alone for the rest of the process.
FAILURES_TO_SWITCH_OFF = 10
# So many calls after one that was not data are read at once, untried: what was taken in vain of 400 messages, before an
# object that stood behind them, was a third on top of reading them.
CALLS_TO_PASS = 15


class Traced:
    """One target as it is patched in this process: its spec, whether it is on, and how often we failed in it."""

    __slots__ = ("claim", "failures", "family", "integration", "label", "on", "only_marked", "passes", "target",
                 "tools", "whole")  # fmt: skip

    def __init__(self, integration: Integration, target: Target, only_marked: Callable[[Any], bool] | None) -> None:
        self.integration = integration
        self.target = target
        # A private method goes by the name of the public one that it serves: that is what the program calls.
        self.label = f"{integration.name}:{target.path}".replace("._", ".")
        # What its requests are a kind of, and what the span of a call says to the calls beneath it.
        self.family, self.claim = claim_of(integration, target)
        self.on = True
        self.failures = 0
        # Where single clients are traced: whether the object called on belongs to one of them.
        self.only_marked = only_marked
        # What is known of the class of its last answer that was whole, and of none of the other forms that one has.
        self.whole: Kind | None = None
        self.passes = 0
        # The tools that were offered last, as they came, under which limit they were read, and what was read.
        self.tools: tuple[bytes, int, Copied] | None = None

    def pickled(self, arguments: dict[str, Any]) -> Given | None:
        """A call's arguments as bytes, to be read later; None where they are to be read at once.

        A program whose requests are more than data, or large, asks for more such: the next ones are not tried.
        """
        if self.passes:
            self.passes -= 1
            return None
        given = pickled(arguments)
        if given is None:
            self.passes = CALLS_TO_PASS
        return given

    def failed(self, step: str, error: BaseException) -> None:
        """Count a failure of ours; too many in a row switch this target off."""
        record_failure(f"{self.label} {step}", error)
        self.failures += 1
        if self.failures >= FAILURES_TO_SWITCH_OFF and self.on:
            self.on = False
            say_once(f"off {self.label}", f"{self.label} is no longer traced: reading it failed "
                     f"{self.failures} times in a row ({type(error).__name__}). The program is not affected; "
                     "`mutagent doctor` shows more.")  # fmt: skip

    def begin(self, instance: Any, arguments: dict[str, Any]) -> Call | None:
        """Start the span of one call, or take the place of the one that stands for it; None where it is not traced."""
        if not self.on or (self.only_marked is not None and not self.only_marked(instance)):
            return None
        tracer = live.tracer or live_tracer()
        if tracer is None:
            return None
        outer = context.current.get()
        parent = None if outer is None else context.open_span(outer)
        if parent is None or parent.claim is None:
            call = self._own(tracer, outer)
        else:
            claimed = self._claimed(tracer, parent, outer)
            if claimed is None:
                return None
            call = claimed
        if call.span.recording:
            try:
                call.record_request(instance, arguments)
            except Exception as error:
                if not counted_by(self, "request", error):
                    raise
        return call

    def _own(self, tracer: Tracer, outer: Any) -> Call:
        span = tracer.start(self.target.kind, self.target.operation, outer)
        span.claim = self.claim
        return Call(self, tracer, span, outer, enriches=False)

    def _claimed(self, tracer: Tracer, parent: MutagentSpan, outer: Any) -> Call | None:
        """The call under a span that claims requests; None where that span, or those of the requests, say it all."""
        claim = parent.claim
        if self.target.inner and family_of(parent.kind) == self.family:
            return None
        carried = claim if type(claim) is Carried else None
        family = claim if carried is None else carried.family
        if family == self.family:
            if carried is not None and carried.by is self.integration:
                return None
            call = Call(self, tracer, parent, outer, enriches=True)
            if carried is None:
                parent.claim = call.holds = self.claim if self.integration.carries else UNDER_WAY
            return call
        if self.target.kind in OUTER:
            if self.integration.carries and family in MODEL_FAMILIES:
                return None
        elif carried is not None and carried.by is not None and carried.family not in MODEL_FAMILIES:
            parent.attributes[ATTEMPTS] = parent.attributes.get(ATTEMPTS, 0) + 1
        return self._own(tracer, outer)


class Call:
    """One call under way: its span, and whether that span is its own or a framework's that it adds to."""

    __slots__ = ("asked_usage", "enriches", "frozen", "holds", "outer", "request", "span", "streamed", "traced",
                 "tracer")  # fmt: skip

    def __init__(self, traced: Traced, tracer: Tracer, span: MutagentSpan, outer: Any, enriches: bool) -> None:
        self.traced = traced
        self.tracer = tracer
        self.span = span
        self.outer = outer
        self.enriches = enriches
        # The claim that it put in the place of a framework's, until it is over.
        self.holds: Any = None
        self.request: Request | None = None
        # What is read later in its place.
        self.frozen: Frozen | None = None
        self.streamed = False
        # Whether the stream's usage was asked for by us: its chunk is not the program's to see.
        self.asked_usage = False

    @property
    def is_part(self) -> bool:
        """Whether another client's call, which is under way and has a span, makes this one."""
        return self.enriches and self.holds is None

    def record_request(self, instance: Any, arguments: dict[str, Any]) -> None:
        """Record what is asked for; a framework's span keeps its own words and gains where the request goes."""
        target = self.traced.target
        given = self.traced.pickled(arguments) if target.plain and not self.enriches and self.tracer.captures else None
        if given is not None:
            self.span._attributes = {}  # here, as two threads may have something to note
            self.frozen = self.span.unread = Frozen(self.traced, self.tracer, given, address_of(instance))
            self.streamed = arguments.get("stream") is True
            model = arguments.get("model")
            if type(model) is str:
                self.span.name = f"{target.operation} {model}"
            return
        request = self.request = target.request(arguments, instance)
        self.streamed = request.streamed
        if self.enriches:
            facts.fill_gaps(self.span, request)
        else:
            facts.apply_request(self.span, target.operation, request, self.tracer.capture_inputs)

    def record_response(self, response: Response) -> None:
        """Record what came back; the client's counts win over a framework's."""
        if self.frozen is not None:
            self.frozen.answer = response
            return
        keep_output = self.tracer.capture_outputs and not (self.enriches and self.span.output is not None)
        record_response(self.span, response, self.request, keep_output)

    def record_answer(self, result: Any) -> None:
        """Record a whole answer as the spec reads it; a target that can be read is not about to be switched off."""
        target = self.traced.target
        if target.response_to is not None and self.request is not None:
            self.record_response(target.response_to(result, self.request))
        elif target.response is not None:
            self.record_response(target.response(result))
        self.traced.failures = 0

    def succeeded(self, result: Any) -> None:
        """Record a whole answer and end the span."""
        kept = self.frozen
        if self.span.recording and (kept is None or not kept.keeps(result)):
            try:
                self.record_answer(result)
            except Exception as error:
                if not counted_by(self.traced, "response", error):
                    raise
        self.end()

    def failed(self, error: BaseException) -> None:
        """Record an exception on its way to the program; a framework's span is the framework's to fail."""
        if self.is_part:
            return  # it may be tried again
        with Guard(self.traced.label + " error"):
            said = dict(attempt(self.traced, "error", self.traced.integration.error, error) or {})
            message = said.pop("exception.message", None)
            self.span.attributes.update(said)
            self.span.metrics.provider = self.span.metrics.provider or said.get("gen_ai.provider.name")
            if not self.enriches:
                self.tracer.fail(self.span, error, message)
            else:
                self.span.attributes["error.type"] = failure.type_name(error)
                self.release()
                if not isinstance(error, Exception):
                    # Cancelled or interrupted: some frameworks never speak of the run again.
                    self.tracer.fail(self.span, error)

    def end(self) -> None:
        """End the span, where it is ours."""
        try:
            if self.enriches:
                self.release()
            else:
                self.tracer.end(self.span, None, "ok")
        except Exception as error:
            if not counted_by(self.traced, "end", error):
                raise

    def release(self) -> None:
        """The request is over; a framework's span that has ended meanwhile was only waiting for that."""
        if self.holds is not None and self.span.claim is self.holds:
            self.span.claim = None
            if self.span.duration_ns is not None:
                self.tracer.end(self.span, duration_ns=self.span.duration_ns)

    def settle(self, result: Any) -> Any:
        """What the program gets: the result itself, with a stream or a raw response watched from inside."""
        if not self.streamed and kinds.get(id(type(result)), self) is self.traced.whole:
            self.succeeded(result)
            return result
        try:
            return _settling()(self, result)
        except Exception as error:
            if not counted_by(self.traced, "answer", error):
                raise
        self.end()
        return result


@cache
def _settling() -> Callable[[Call, Any], Any]:
    """What settles answers, and the reading of streams with it: loaded when the first answer comes.

    An ``import`` at each call takes longer than the settling does.
    """
    from mutagent.integrations.answers import settle

    return settle
