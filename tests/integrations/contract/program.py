"""How a test of the contract runs its program, and what it compares."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mutagent.demo.provider import Provider
from mutagent.testing import CapturedSpans
from tests.integrations.anthropic import cases as anthropic
from tests.integrations.openai import cases as openai
from tests.integrations.spans import normal, without
from tests.integrations.surfaces import Surface
from tests.integrations.ways import WAYS, Way

SURFACES = (*openai.SURFACES, *anthropic.SURFACES)
STREAMING = tuple(surface for surface in SURFACES if surface.streaming)

every_surface = pytest.mark.parametrize("surface", SURFACES, ids=str)
every_stream = pytest.mark.parametrize("surface", STREAMING, ids=str)
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


def run(
    surface: Surface, way: Way, provider: Provider, program: Callable[[Any], Awaitable[Any]], **client_arguments: Any
) -> Any:
    """Run ``program(client)`` and close the client behind it."""

    async def whole() -> Any:
        client = surface.client(provider, way, **client_arguments)
        try:
            return await program(client)
        finally:
            await way.close(client)

    return way.run(whole())


def seen(captured: CapturedSpans) -> list[dict[str, Any]]:
    """The spans so far, to be compared whole."""
    return [normal(span) for span in captured.spans]


def here(surface: Surface, span: dict[str, Any]) -> dict[str, Any]:
    """A span as the installed version of the library can give it."""
    from_headers = "mutagent.stream.outcome" in span["attributes"]
    return span if from_headers or answers_tell_request_id(surface.library) else without(span, "mutagent.request_id")


def answers_tell_request_id(library: str) -> bool:
    """Whether an answer of the installed client brings the request's id; before 1.45 OpenAI's did not."""
    return library != "openai" or hasattr(importlib.import_module("openai._models"), "add_request_id")


def refused(span: dict[str, Any], message: str, **attributes: Any) -> dict[str, Any]:
    """The span of a call that got an error instead of an answer."""
    asked = {
        name: value
        for name, value in span["attributes"].items()
        if not name.startswith(("gen_ai.response", "gen_ai.usage", "mutagent.response", "mutagent.usage", "openai."))
        and name not in ("mutagent.request_id", "mutagent.stream.outcome")
    }
    attributes = {name.replace("__", "."): value for name, value in attributes.items()}
    return {
        **{name: value for name, value in span.items() if name not in ("output", "tokens")},
        "status": "error",
        "statusMessage": message,
        "error": message,
        "attributes": {**asked, **attributes},
        "events": [exception(attributes["error.type"], message)],
    }


def exception(type_name: str, message: str) -> dict[str, Any]:
    """The event that stands for an exception."""
    details = {"exception.type": type_name, "exception.message": message, "exception.stacktrace": "<stack>"}
    return {"name": "exception", "timestamp": "<time>", "attributes": details}
