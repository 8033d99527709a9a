"""What the requests of all surfaces of a generated client have in common."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_str
from mutagent.integrations.shapes.hosts import client_of
from mutagent.integrations.shapes.request import parameters
from mutagent.integrations.spec import Request


def asked(
    given: dict[str, Any],
    instance: Any,
    input: dict[str, Any],
    but: tuple[str, ...] = (),
    provider: str = "openai",
) -> Request:
    """A request with what every surface takes.

    Args:
        given: the call's arguments by name.
        instance: the resource called on.
        input: what was asked, in wire form.
        but: arguments that are part of ``input`` and no parameters.
        provider: who answers, unless the client's base URL names another.
    """
    answers, server = client_of(instance, provider)
    found = parameters(given)
    for name in but:
        found.pop(name, None)
    model = given.get("model")
    return Request(
        model=model if type(model) is str else as_str(model),
        provider=answers,
        input=input,
        parameters=found,
        server=server,
        streamed=given.get("stream") is True,
    )
