"""Google's Gen AI client, 1.1 to 3.x, for Gemini and for Vertex AI."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, instance_dict, read, read_str
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.spec import Integration
from mutagent.integrations.specs.google import functions, generate, interactions, live, media


def error(raised: BaseException) -> dict[str, Any]:
    """What an API error says beside its message: the HTTP status, Google's word for it, and the request's id."""
    found = api_error(raised)
    fields = instance_dict(raised) or {}
    details = fields.get("details")
    if type(fields.get("code")) is not int or details is None:
        return found
    found["http.response.status_code"] = fields["code"]
    found.pop("mutagent.error.code", None)
    status = fields.get("status")
    if type(status) is str:
        found["mutagent.error.code"] = status
    nested = read(details, "error")
    for detail in as_list(read(details if nested is None else nested, "details")):
        request_id = read_str(detail, "requestId")
        if request_id is not None:
            found["mutagent.request_id"] = request_id
    return found


GOOGLE = Integration(
    name="google-genai",
    distribution="google-genai",
    # In 1.0 a stream gives nothing where functions are not called automatically.
    versions=">=1.1,<4",
    pieces=(*generate.TARGETS, *functions.PIECES, *media.TARGETS, *interactions.PIECES, *live.PIECES),
    traces="`models.generate_content`, `generate_content_stream`; chats; the functions that the client calls; "
    "`embed_content`; images and videos; `interactions`; `live`",
    leaves="`live.music`, `batches`, `count_tokens`",
    error=error,
    client="_api_client",
    iterator="generator",
)
