"""The exceptions of the generated clients (openai, anthropic, groq …): status, code and request id as attributes."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_str, instance_dict, read_filled
from mutagent.integrations.shapes.chat import arguments

_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id", "mistral-correlation-id")
_RAW_REQUEST_ID_HEADERS = frozenset(name.encode() for name in _REQUEST_ID_HEADERS)


def api_error(error: BaseException) -> dict[str, Any]:
    """What an API exception says beside its message; empty for any other exception."""
    fields = instance_dict(error) or {}
    body = arguments(fields.get("body"))  # some clients keep it as text
    # Anthropic nests the error once more than OpenAI does.
    detail = body.get("error", body) if type(body) is dict else None
    detail = detail if type(detail) is dict else {}
    code = _word(fields, "code") or _word(detail, "code")
    kind = _word(fields, "type") or _word(detail, "type")
    http_response = read_filled(fields, "response", "raw_response")
    return plain_facts(
        {
            "http.response.status_code": fields.get("status_code"),
            # A number from some hosts, which some versions of the client turn into text.
            "mutagent.error.code": str(code) if type(code) is int else code or kind,
            "mutagent.error.type": kind,
            "mutagent.request_id": _word(fields, "request_id") or request_id_of(http_response),
        }
    )


def plain_facts(found: dict[str, Any]) -> dict[str, Any]:
    """Those of the facts that are words or numbers: an exception may be the program's own, and hold anything."""
    taken = {name: value if type(value) is int else as_str(value) for name, value in found.items()}
    return {name: value for name, value in taken.items() if value is not None}


def _word(fields: dict[str, Any], name: str) -> str | int | None:
    value = fields.get(name)
    return value if type(value) is int else as_str(value)


def lost_event(error: BaseException) -> dict[str, Any] | None:
    """The event of a stream for which a generated client raised ``error``, where it carries the usage as well.

    The client keeps the event's ``error`` and drops the rest (OpenRouter bills what it sent until then, and says so
    there). What it dropped still stands in the frame that raised.
    """
    link = error.__traceback__
    while link is not None:
        if link.tb_frame.f_code.co_name == "__stream__":
            data = link.tb_frame.f_locals.get("data")
            return data if type(data) is dict and type(data.get("usage")) is dict else None
        link = link.tb_next
    return None


def request_id_of(http_response: Any) -> str | None:
    """The provider's id of a request, from the headers of its HTTP response."""
    headers: Any = getattr(http_response, "headers", None)
    if _are_without(headers):
        return None
    for name in _REQUEST_ID_HEADERS if headers is not None else ():
        value = headers.get(name)
        if isinstance(value, str):
            return value
    return None


def _are_without(headers: Any) -> bool:
    """Whether none of the names is there, which httpx takes a dozen microseconds to say of four names."""
    raw = getattr(headers, "raw", None)
    try:
        return type(raw) is list and _RAW_REQUEST_ID_HEADERS.isdisjoint(map(bytes.lower, dict(raw)))
    except (TypeError, ValueError):
        return False  # another library's
