"""What one response of a Realtime session is asked for, by the session or by itself, and what it amounts to."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import items
from mutagent.integrations.shapes.request import text_of
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.spec import Request, Response

# What a response is asked for has its own place on a span.
_NOT_PARAMETERS = frozenset({"input", "instructions", "tools"})


def request(wanted: Any, session: dict[str, Any], said: list[Any], asked: Request) -> Request:
    """What a response is asked for.

    Args:
        wanted: what was asked of this response alone.
        session: the session's settings.
        said: all that was said so far, as messages; a response that has an input of its own answers that.
        asked: what the session was connected for.
    """
    wanted = wanted if type(wanted) is dict else {}
    attributes: dict[str, Any] = {}
    head: list[dict[str, Any]] = []
    instructions = wanted.get("instructions") or session.get("instructions")
    if type(instructions) is str:
        attributes["gen_ai.system_instructions"] = instructions
        head = [{"role": "system", "content": instructions}]
    tools = wanted.get("tools") or session.get("tools")
    if tools:
        attributes["gen_ai.tool.definitions"] = tools
    own = wanted.get("input")
    if type(own) is list:
        said = [items.message(item, Snapshot()) for item in own]
    modalities = wanted.get("output_modalities") or wanted.get("modalities") or _modalities(session)
    attributes["gen_ai.output.type"] = "speech" if "audio" in modalities else "text"
    given = {name: wanted[name] for name in wanted if name not in _NOT_PARAMETERS}
    temperature = session.get("temperature")
    return Request(
        model=text_of(session.get("model")) or asked.model,
        provider=asked.provider,
        input={"messages": [*head, *said]},
        parameters={**({} if temperature is None else {"temperature": temperature}), **given},
        attributes=attributes,
        server=asked.server,
        streamed=True,
    )


def _modalities(session: dict[str, Any]) -> list[Any]:
    found = session.get("output_modalities") or session.get("modalities")
    return found if type(found) is list else ["audio"]


def transcription_request(session: dict[str, Any], asked: Request) -> Request | None:
    """What the model is asked for that writes down what was said; None where the session has none."""
    audio = get(get(session.get("audio"), "input"), "transcription")
    settings = audio or session.get("input_audio_transcription")
    if type(settings) is not dict:
        return None
    given = {name: value for name, value in settings.items() if name != "model" and value is not None}
    return Request(
        model=text_of(settings.get("model")),
        provider=asked.provider,
        parameters=given,
        attributes={"gen_ai.output.type": "text"},
        server=asked.server,
    )


def response(answer: Any) -> Response:
    """A whole response of a Realtime session."""
    details = get(answer, "status_details")
    status = get(answer, "status")
    error = get(details, "error") if status == "failed" else None
    attributes = error_code(error)
    if type(get(answer, "conversation_id")) is str:
        attributes["gen_ai.conversation.id"] = get(answer, "conversation_id")
    reason = get(details, "reason") or status
    return Response(
        id=get(answer, "id"),
        finish_reasons=[reason] if type(reason) is str else [],
        output=items.output(get_list(answer, "output")),
        usage=usage(get(answer, "usage")),
        attributes=attributes,
        error=(text_of(get(error, "message")) or "failed") if status == "failed" else None,
    )


def error_code(error: Any) -> dict[str, Any]:
    """The provider's word for a failure."""
    code = get(error, "code") or get(error, "type")
    return {"mutagent.error.code": code} if type(code) is str else {}
