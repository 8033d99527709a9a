"""A call's arguments and answer as bytes, read by whoever looks first: our worker, as a rule.

The arguments are pickled (:mod:`mutagent.integrations.pickled`); the bytes of an answer are at hand, as they came. What
is more than data (an object of the program's), or large (a file, an image), is read at the call.
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

from mutagent.capture.kinds import kinds
from mutagent.capture.plain import fields_of
from mutagent.capture.snapshot import Copied, max_bytes
from mutagent.guard import attempt
from mutagent.integrations import facts
from mutagent.integrations.pickled import Given
from mutagent.integrations.shapes.hosts import Address, is_known
from mutagent.integrations.spec import Request, Response
from mutagent.loading import from_module
from mutagent.tracing.span import MutagentSpan

if TYPE_CHECKING:
    from mutagent.integrations.engine import Traced
    from mutagent.tracing.tracer import Tracer


class Frozen:
    """What there is to read of one call.

    Nothing is taken from it before it stands on the span: a second thread that looks meanwhile reads it as well, and
    what an exception of a signal's handler interrupts is read again.
    """

    __slots__ = ("address", "answer", "came", "given", "request", "traced", "tracer")

    def __init__(self, traced: Traced, tracer: Tracer, given: Given, address: Address | None) -> None:
        self.traced = traced
        self.tracer = tracer
        self.given: Given | None = given
        # Stands for the object called on, which is not kept.
        self.address = address
        self.request: Request | None = None
        # What the client has made of an answer, and the bytes that it made that of; until the call has returned.
        self.came: tuple[Any, bytes] | None = None
        # Bytes, and the id of the request; or what was read of it at the call.
        self.answer: tuple[bytes, Any] | Response | None = None

    def parsed(self, result: Any, http_response: Any) -> None:
        """The client has made a result of what came: an HTTP response, of the library's own class."""
        kind = self.traced.whole
        # Nothing but a model of an answer: a stream that is held here would never be forgotten.
        if kind is None or not kind.is_model or kinds.get(id(type(result))) is not kind:
            return
        content = http_response.__dict__.get("_content")
        if type(content) is bytes and len(content) <= max_bytes():
            self.came = (result, content)

    def keeps(self, result: Any) -> bool:
        """Whether the answer that the program gets is one whose bytes came: they are kept, and it need not be read."""
        came, self.came = self.came, None
        if came is None or came[0] is not result:
            return False
        self.answer = (came[1], fields_of(result).get("_request_id"))
        return True

    def read(self, span: MutagentSpan) -> None:
        """Record on the call's span what has come and was not read."""
        while True:
            given, answer, request = self.given, self.answer, self.request
            if given is None and answer is None:
                break
            page = _blank()
            if given is not None:
                request = attempt(self.traced, "request", self._read_request, page, *given) or Request()
            if answer is not None:
                attempt(self.traced, "response", self._read_answer, page, answer, request)
            if self.given is given:  # no other thread has been faster
                (_fill if answer is None else _write)(span, page)
                self.request, self.given = request, None
                if answer is not None:
                    self.answer = None
        # The end is looked at first: the answer comes before it.
        if span.duration_ns is not None and self.answer is None:
            span.unread = None

    def _read_request(self, page: MutagentSpan, arguments: bytes, tools: bytes | None) -> Request:
        target = self.traced.target
        # Nothing but data, and what it is made by, is in there: the pickler above takes nothing else, and no other
        # bytes get here.
        given = pickle.loads(arguments)
        if tools is not None:
            given["tools"] = self._tools(tools)
        request = target.request(given, self.address)
        facts.apply_request(page, target.operation, request, self.tracer.capture_inputs)
        return request

    def _tools(self, tools: bytes) -> Copied:
        """The tools, read once for all calls in a row that offer the same: of ten, reading takes 100 µs."""
        known, limit = self.traced.tools, max_bytes()
        if known is not None and known[0] == tools and known[1] == limit:
            return known[2]
        copied = Copied(pickle.loads(tools))
        if self.tracer.settings.mask is None:  # which may write to what it is given
            self.traced.tools = (tools, limit, copied)
        return copied

    def _read_answer(self, page: MutagentSpan, answer: tuple[bytes, Any] | Response, request: Request | None) -> None:
        response = answer if isinstance(answer, Response) else self._response(*answer)
        record_response(page, response, request, self.tracer.capture_outputs)
        self.traced.failures = 0

    def _response(self, content: bytes, request_id: Any) -> Response:
        assert self.traced.target.response is not None
        fields = _loaded(content)
        if type(fields) is dict and type(request_id) is str:
            fields["_request_id"] = request_id  # as the client's model has it, from a header
        return self.traced.target.response(fields)


def _blank() -> MutagentSpan:
    """A span to write on what is read, where nobody looks."""
    page = MutagentSpan()
    page._attributes = {}
    page.unread = page._metrics = page._input = page._output = page.status_message = None
    page.name, page.status = "", "unset"
    return page


def _fill(span: MutagentSpan, page: MutagentSpan) -> None:
    """Put a request on the span of its call, by its slots: its properties would read it. What stands there is newer."""
    attributes = span._attributes
    if attributes is None:
        attributes = span._attributes = {}
    for name, value in page.attributes.items():
        attributes.setdefault(name, value)
    if span._metrics is None:
        span._metrics = page._metrics
    if span._input is None:
        span._input = page._input
    if span.name == page.attributes.get("gen_ai.operation.name"):
        span.name = page.name


def _write(span: MutagentSpan, page: MutagentSpan) -> None:
    """Put an answer on the span of its call, with the request where that was not read before."""
    _fill(span, page)
    if span._attributes is not None:
        span._attributes.update(page.attributes)
    if span._metrics is not None and page._metrics is not None:
        span._metrics.update(page._metrics)
    if page._output is not None:
        span._output = page._output
    if page.status == "error":
        span.status, span.status_message = page.status, page.status_message


def record_response(span: MutagentSpan, response: Response, request: Request | None, keep_output: bool) -> None:
    """Record what came back for a request, and who answered, where the request does not tell."""
    facts.apply_response(span, response, keep_output)
    if response.server is not None and request is not None and not is_known(request.server or ""):
        span.metrics.provider = span.attributes["gen_ai.provider.name"] = response.server


def _loaded(content: bytes) -> Any:
    from_json = from_module("pydantic_core", "from_json")
    if from_json is not None:
        try:
            return from_json(content)
        except ValueError:
            pass  # not UTF-8, or half a character: Python's own reads them
    return json.loads(content)
