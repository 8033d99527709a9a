"""How OpenAI writes an error: in an answer, and in the middle of a stream."""

from __future__ import annotations

from mutagent.demo.protocols.call import Event, Json
from mutagent.demo.script import Failure

REQUEST_ID_HEADER = "x-request-id"


def failure(error: Failure, request_id: str) -> Json:
    """The body of an error answer; the request id stands in a header only."""
    return {"error": {"message": error.message, "type": error.type, "param": None, "code": error.code}}


def error_event(error: Failure) -> Event:
    """An error in a stream of chunks."""
    return None, failure(error, "")


def responses_error_event(error: Failure) -> Event:
    """An error in a stream of the Responses API, whose fields stand at the top."""
    data = {"type": "error", "code": error.code, "message": error.message, "param": None, "sequence_number": 1}
    return "error", data
