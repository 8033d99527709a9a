"""The Interactions API: a model's or a hosted agent's turns, whole or streamed.

What the client asks again by itself, where an answer goes on in a further request, is part of one span here.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, is_unset, read, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.request import text_of
from mutagent.integrations.spec import Close, Dispatch, Piece, Raw, Request, Target
from mutagent.integrations.specs.google.contents import system_text
from mutagent.integrations.specs.google.fields import named, told
from mutagent.integrations.specs.google.generate import parameters, where
from mutagent.integrations.specs.google.interacted import Events, response
from mutagent.integrations.specs.google.steps import messages

# Two generators have made this part of the client; the first named its classes otherwise.
NEW = ("google.genai._gaos.google_genai",)
OLD = ("google.genai._interactions.resources.interactions",)
# What has a place of its own on the span, and what is about the transport.
_NOT_PARAMETERS = frozenset({
    "model", "agent", "input", "tools", "system_instruction", "generation_config", "request",
    "api_version", "extra_headers", "extra_query", "extra_body", "timeout", "webhook_config",
})  # fmt: skip


def request(given: dict[str, Any], instance: Any) -> Request:
    """What an interaction asks for."""
    asked = _asked(given)
    budget = Snapshot()
    provider, server = _where(instance)
    system = system_text(asked.get("system_instruction"), budget)
    found = Request(
        model=text_of(asked.get("model")),
        provider=provider,
        input=messages(asked.get("input"), system, budget),
        parameters=parameters(
            {**named(asked.get("generation_config")), **{k: v for k, v in asked.items() if k not in _NOT_PARAMETERS}}
        ),
        server=server,
        streamed=asked.get("stream") is True,
    )
    agent = asked.get("agent")
    if type(agent) is str:
        found.name = f"invoke_agent {agent}"
        found.attributes["gen_ai.agent.name"] = agent
    if system is not None:
        found.attributes["gen_ai.system_instructions"] = system
    if as_list(asked.get("tools")):
        found.attributes["gen_ai.tool.definitions"] = told(asked["tools"], budget)
    return found


def _where(instance: Any) -> tuple[str, str | None]:
    """The provider and the base URL: each form of the client has them elsewhere."""
    client, settings = getattr(instance, "_client", None), getattr(instance, "sdk_configuration", None)
    if client is not None:
        provider = "gcp.vertex_ai" if getattr(client, "_is_vertex", False) is True else "gcp.gemini"
        return provider, str(getattr(client, "base_url", "")) or None
    provider, server = where(instance, {})
    version = read_str(getattr(settings, "globals", None), "api_version") or ""
    return "gcp.vertex_ai" if "/projects/" in version else provider, server or read_str(settings, "server_url")


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, out of the request object where they come in one."""
    wrapped = read(given.get("request"), "body")
    body = named(given.get("request") if wrapped is None else wrapped)
    found = {**body, **given}
    return {name: value for name, value in found.items() if value is not None and not is_unset(value)}


def _created(modules: tuple[str, ...], cls: str) -> Dispatch:
    path = f"{cls}.create"
    model = Target(modules, path, "llm.chat", "chat", request, response, Events)
    agent = Target(modules, path, "agent", "invoke_agent", request, response, Events)
    return Dispatch((model, agent), lambda given, instance: agent if "agent" in _asked(given) else model)


_EVENTS = ("google.genai._gaos.utils.eventstreaming",)
_RAW = ("google.genai._gaos.utils.response_helpers",)
PIECES: tuple[Piece, ...] = (
    _created(NEW, "GeminiNextGenInteractions"),
    _created(NEW, "AsyncGeminiNextGenInteractions"),
    _created(OLD, "InteractionsResource"),
    _created(OLD, "AsyncInteractionsResource"),
    Close(_EVENTS, "Stream.close"),
    Close(_EVENTS, "AsyncStream.close"),
    *(
        Raw(_RAW, f"{cls}.parse", close=f"{cls}.close")
        for cls in ("APIResponse", "StreamedAPIResponse", "AsyncAPIResponse", "AsyncStreamedAPIResponse")
    ),
)
