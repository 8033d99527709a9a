"""What a call gave back: a whole answer, a stream, or a raw response that holds one of the two."""

from __future__ import annotations

import json
from inspect import isasyncgen, isgenerator
from typing import Any
from weakref import WeakKeyDictionary

from mutagent.capture.kinds import kind_of
from mutagent.capture.plain import instance_dict, is_kind
from mutagent.guard import Guard, attempt
from mutagent.integrations.engine import Call
from mutagent.integrations.frozen import Frozen
from mutagent.integrations.shapes.errors import request_id_of
from mutagent.integrations.spec import Raw
from mutagent.integrations.streams import is_of, record
from mutagent.tracing import context
from mutagent.tracing.span import MutagentSpan

# Looked up once: it is called for every answer.
current = context.current.get


class Unread:
    """The call that a raw response answers while its body is not read. Dropped unread, its span ends as abandoned."""

    __slots__ = ("call",)

    def __init__(self, call: Call) -> None:
        self.call: Call | None = call

    def taken(self) -> Call:
        """The call, to be settled by who takes it."""
        call, self.call = self.call, None
        assert call is not None
        return call

    def __del__(self) -> None:
        if self.call is not None:
            with Guard("raw response dropped"):
                self.call.span.attributes["mutagent.stream.outcome"] = "abandoned"
                self.call.end()


_unread: WeakKeyDictionary[Any, Unread] = WeakKeyDictionary()


def settle(call: Call, result: Any) -> Any:
    """End the call with a whole answer, or go on watching a stream or a raw response; returns what the program gets."""
    target = call.traced.target
    if not call.span.recording:
        if target.chunks is not None and (isgenerator(result) or isasyncgen(result)):
            return record(call, result)  # the requests that it sends when it is read are left out like the call
        call.end()
        return result
    is_raw = is_of(call.traced.integration, Raw, result)
    if is_raw and hasattr(result, "http_response"):
        _settle_raw(call, result)
        return result
    if target.chunks is not None:
        if is_stream(call, result):
            return record(call, result)
        key = target.stream_at
        if key is not None and call.streamed and type(result) is dict:
            attempt(call.traced, "beside stream", _record_beside, call, result)
            result[key] = record(call, result[key])
            return result
    if target.body_at is not None and type(result) is dict:
        from mutagent.integrations import bodies

        if bodies.watch(call, result, target.body_at):
            return result
    if not is_raw and type(result) is not dict:
        call.traced.whole = kind_of(type(result))  # the next one of its class need not be asked all that
    call.succeeded(result)
    return result


def _record_beside(call: Call, result: dict[str, Any]) -> None:
    read = call.traced.target.beside_stream
    if read is not None:
        call.span.attributes.update(read(result))


def is_stream(call: Call, result: Any) -> bool:
    """Whether the answer comes in pieces: an iterator, or an iterable where a stream was asked for."""
    kind = kind_of(type(result))
    if kind.iterates:
        return True
    return call.streamed and kind.iterable and not is_kind(result, dict)


def _settle_raw(call: Call, response: Any) -> None:
    request_id = request_id_of(response.http_response)
    if request_id is not None:
        call.span.note("mutagent.request_id", request_id)
    body = _loaded_body(response)
    if body is None or call.streamed:
        _unread[response] = Unread(call)
    else:
        call.succeeded(body)


def _loaded_body(response: Any) -> Any:
    """The body of a raw response, where it is in memory: its JSON, else its bytes.

    The response's own ``parse()`` is the program's to call.
    """
    content = (instance_dict(response.http_response) or {}).get("_content")
    if type(content) is not bytes:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content


def parsed(response: Any, result: Any) -> Any:
    """The program has parsed a raw response: a stream is watched from here on, anything else is the answer."""
    # Clients parse every answer by way of a raw response.
    unread = _unread.pop(response, None) if len(_unread) else None
    if unread is None:
        span = current()
        kept = span.unread if span.__class__ is MutagentSpan else None
        if type(kept) is Frozen:
            kept.parsed(result, response.http_response)
        return result
    call = unread.taken()
    if call.traced.target.chunks is not None and is_stream(call, result):
        return record(call, result)
    call.succeeded(result)
    return result


def closed(response: Any) -> None:
    """The program has released a raw response; what it read in its own way is recorded where it is in memory."""
    unread = _unread.pop(response, None)
    if unread is None:
        return
    call = unread.taken()
    body = _loaded_body(response)
    if body and not (call.streamed and type(body) is bytes):
        call.succeeded(body)
        return
    if call.streamed:
        call.span.attributes["mutagent.stream.outcome"] = "closed"
    else:
        _record_download(call.span.attributes, response.http_response)
    call.end()


def _record_download(attributes: dict[str, Any], http_response: Any) -> None:
    """How much of a body, such as a sound file, the program has read piece by piece, and whether that was all of it."""
    size = getattr(http_response, "num_bytes_downloaded", None)
    if type(size) is int:
        attributes["mutagent.response.body_size"] = size
    # HTTP clients close a response themselves once it is read to its end.
    whole = getattr(http_response, "is_closed", False) is True
    attributes["mutagent.stream.outcome"] = "completed" if whole else "closed"
