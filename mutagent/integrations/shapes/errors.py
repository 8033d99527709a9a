"""The exceptions of the generated clients (openai, anthropic, groq …): status, code and request id as attributes."""

from __future__ import annotations

import json
from typing import Any

from mutagent.capture.plain import instance_dict

_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id", "mistral-correlation-id")


def api_error(error: BaseException) -> dict[str, Any]:
    """What an API exception says beside its message; empty for any other exception."""
    fields = instance_dict(error) or {}
    body = _loaded(fields.get("body"))
    # Anthropic nests the error once more than OpenAI does.
    detail = body.get("error", body) if type(body) is dict else None
    detail = detail if type(detail) is dict else {}
    code = fields.get("code") or detail.get("code") or fields.get("type") or detail.get("type")
    found = {
        "http.response.status_code": fields.get("status_code"),
        # A number from some hosts, which some versions of the client turn into text.
        "mutagent.error.code": str(code) if type(code) is int else code,
        "mutagent.error.type": fields.get("type") or detail.get("type"),
        "mutagent.request_id": fields.get("request_id")
        or request_id_of(fields.get("response") or fields.get("raw_response")),
    }
    return {name: value for name, value in found.items() if isinstance(value, (str, int))}


def _loaded(body: Any) -> Any:
    """A body that a client keeps as text, as the JSON that it is."""
    if type(body) is not str:
        return body
    try:
        return json.loads(body)
    except ValueError:
        return None


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
    for name in _REQUEST_ID_HEADERS if headers is not None else ():
        value = headers.get(name)
        if isinstance(value, str):
            return value
    return None
