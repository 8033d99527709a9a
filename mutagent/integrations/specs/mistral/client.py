"""Where Mistral's client keeps its classes, and what its resources know of their client."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import instance_dict
from mutagent.integrations.shapes.errors import api_error
from mutagent.integrations.shapes.request import parameters

# The first-party client moved into a namespace package with 2.0, and so did the two others.
FIRST_PARTY = ("mistralai.client.", "mistralai.")
AZURE = ("mistralai.azure.client.", "mistralai_azure.")
GOOGLE = ("mistralai.gcp.client.", "mistralai_gcp.")
PREFIXES = FIRST_PARTY + AZURE + GOOGLE


def server_of(given: dict[str, Any], instance: Any) -> str | None:
    """The base URL of a call: its own, else the client's."""
    own = given.get("server_url")
    if type(own) is str:
        return own
    url, variables = instance.sdk_configuration.get_server_details()
    return str(url.format(**variables)) if variables else str(url)


def asked(given: dict[str, Any], *beside: str) -> dict[str, Any]:
    """The request parameters, without those named that have a place of their own on the span."""
    return {name: value for name, value in parameters(given).items() if name not in beside}


def told(usage: Any) -> Any:
    """A usage object with what the provider said: the client fills in a 0 where it said nothing."""
    said = getattr(usage, "__pydantic_fields_set__", None)
    if said is None:
        return usage
    extra = getattr(usage, "__pydantic_extra__", None) or {}
    return {**{name: value for name, value in usage.__dict__.items() if name in said}, **extra}


def error_facts(error: BaseException) -> dict[str, Any]:
    """What an exception says: its message is a field, its arguments hold the HTTP response."""
    message = (instance_dict(error) or {}).get("message")
    return {**api_error(error), **({"exception.message": message} if type(message) is str else {})}
