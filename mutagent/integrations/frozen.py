"""A call's arguments and answer as bytes, read by whoever looks first: our worker, as a rule.

Bytes stay what they were at the call, whatever the program does to its objects afterwards. To take a request is one
function in C (6 µs with six tools, where reading it takes 70); those of an answer are at hand, as they came. What is
more than data (an object of the program's), or large (a file, an image), is read at the call.
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

from mutagent.capture.kinds import kind_of
from mutagent.capture.plain import fields_of
from mutagent.capture.snapshot import Copied, max_bytes
from mutagent.guard import attempt, is_of_a_handler
from mutagent.integrations import facts
from mutagent.integrations.shapes.hosts import Address, is_known
from mutagent.integrations.shapes.request import TRANSPORT
from mutagent.integrations.spec import Request, Response
from mutagent.loading import from_module

if TYPE_CHECKING:
    from mutagent.integrations.engine import Traced
    from mutagent.tracing.span import MutagentSpan
    from mutagent.tracing.tracer import Tracer

# Arguments but for the tools, and those.
Given = tuple[bytes, bytes | None]
# Tools are the same from call to call, and most of what there is to read of many a request.
_APART = TRANSPORT | {"tools"}
# More than that is not kept until the worker comes by. A request is taken in pieces of 64 KB; what is larger is noticed
# with the first piece too many.
_MOST_BYTES = 262_144


class _NotKept(Exception):
    """A request is more than data, or too large."""


class _Pieces(list[bytes]):
    """What a pickler writes to."""

    __slots__ = ()

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self.append(piece)
        if sum(map(len, self)) > _MOST_BYTES:
            raise _NotKept


class _Pickler(pickle.Pickler):
    """Takes None, bools and exact ints, floats, strings, bytes, dicts, lists, tuples and sets; models as their fields.

    https://docs.python.org/3/library/pickle.html#pickle.Pickler.reducer_override: it is asked for everything but
    those, and before any method of an object's own. `marshal` takes half the time, and takes a NumPy number for bytes.
    """

    def reducer_override(self, obj: Any) -> Any:
        """A pydantic model, such as a message of an earlier answer, as a dict; anything else is refused."""
        if obj is dict:
            return NotImplemented
        kind = kind_of(type(obj))
        if kind.extra is None:
            raise _NotKept
        return dict, (fields_of(obj, kind),)


def frozen(arguments: dict[str, Any]) -> Given | None:
    """The arguments of a call as bytes, without those of the transport; None where they have to be read at once."""
    if not _APART.isdisjoint(arguments):
        tools = arguments.get("tools")
        arguments = {name: value for name, value in arguments.items() if name not in _APART}
    else:
        tools = None
    try:
        return _pickled(arguments), None if tools is None else _pickled(tools)
    except Exception as error:
        if not is_of_a_handler(error):
            return None  # or nested too deeply, or written to by another thread meanwhile
        raise


def _pickled(value: Any) -> bytes:
    pieces = _Pieces()
    _Pickler(pieces, 5).dump(value)
    return b"".join(pieces)


class Frozen:
    """What there is to read of one call, in the order in which it came."""

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
        """The client has made an answer of what came: an HTTP response, of the library's own class."""
        content = http_response.__dict__.get("_content")
        if type(content) is bytes and len(content) <= _MOST_BYTES:
            self.came = (result, content)

    def keeps(self, result: Any) -> bool:
        """Whether the answer that the program gets is one whose bytes came: they are kept, and it need not be read."""
        came, self.came, kind = self.came, None, self.traced.whole
        if came is None or came[0] is not result or kind is None or not kind.is_model:
            return False
        self.answer = (came[1], fields_of(result, kind).get("_request_id"))
        return True

    def read(self, span: MutagentSpan) -> None:
        """Record on the call's span what has come and was not read."""
        span.unread = None  # what is called here looks at the span itself
        given, self.given = self.given, None
        if given is not None:
            self.request = attempt(self.traced, "request", self._read_request, span, *given) or Request()
        answer, self.answer = self.answer, None
        if answer is not None and self.request is not None:
            attempt(self.traced, "response", self._read_answer, span, answer)
        # The end is looked at first: the answer comes before it.
        if span.duration_ns is None or self.answer is not None:
            span.unread = self

    def _read_request(self, span: MutagentSpan, arguments: bytes, tools: bytes | None) -> Request:
        target = self.traced.target
        # Nothing but data and `dict` is in there: the pickler above takes nothing else, and no other bytes get here.
        given = pickle.loads(arguments)
        if tools is not None:
            given["tools"] = self._tools(tools)
        request = target.request(given, self.address)
        facts.apply_request(span, target.operation, request, self.tracer.capture_inputs)
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

    def _read_answer(self, span: MutagentSpan, answer: tuple[bytes, Any] | Response) -> None:
        response = answer if isinstance(answer, Response) else self._response(*answer)
        record_response(span, response, self.request, self.tracer.capture_outputs)
        self.traced.failures = 0

    def _response(self, content: bytes, request_id: Any) -> Response:
        assert self.traced.target.response is not None
        fields = _loaded(content)
        if type(fields) is dict and type(request_id) is str:
            fields["_request_id"] = request_id  # as the client's model has it, from a header
        return self.traced.target.response(fields)


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
