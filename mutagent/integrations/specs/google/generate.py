"""Content that is generated, whole or streamed.

A call of the public methods is one span, and what the client asks again by itself, where an answer goes on in a
further request, is part of it. Where the client calls functions by itself, each request that it sends by the private
methods has a span of its own (:mod:`mutagent.integrations.specs.google.functions`).
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import is_exactly, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.request import text_of
from mutagent.integrations.spec import Request, Target
from mutagent.integrations.specs.google.answers import Answer, response
from mutagent.integrations.specs.google.contents import messages, system_text
from mutagent.integrations.specs.google.fields import named, told
from mutagent.integrations.specs.google.tools import tool_definitions

MODELS = ("google.genai.models",)
_NOT_PARAMETERS = frozenset({
    "system_instruction", "tools", "http_options", "should_return_http_response", "automatic_function_calling",
    "continuation_token", "automatic_continuation",
})  # fmt: skip


def parameters(config: dict[str, Any]) -> dict[str, Any]:
    """What a configuration says of how to answer."""
    budget = Snapshot()
    return {
        name: value if is_exactly(value, int, float, bool, str) else told(value, budget)
        for name, value in config.items()
        if name not in _NOT_PARAMETERS
    }


def where(instance: Any, config: dict[str, Any]) -> tuple[str, str | None]:
    """The provider and the base URL that a request goes to."""
    client = getattr(instance, "_api_client", None)
    provider = "gcp.vertex_ai" if getattr(client, "vertexai", None) else "gcp.gemini"
    options = [named(config.get("http_options")), named(getattr(client, "_http_options", None))]
    return provider, next((url for each in options if (url := read_str(each, "base_url"))), None)


def asked(given: dict[str, Any], instance: Any, input: dict[str, Any] | None = None) -> Request:
    """A request with what every method of the models takes."""
    config = named(given.get("config"))
    provider, server = where(instance, config)
    return Request(
        model=text_of(given.get("model")),
        provider=provider,
        input=input,
        parameters=parameters(config),
        server=server,
    )


def request(given: dict[str, Any], instance: Any) -> Request:
    """What a request for content asks for."""
    budget = Snapshot()
    found = asked(given, instance)
    config = named(given.get("config"))
    system = system_text(config.get("system_instruction"), budget)
    if system is not None:
        found.attributes["gen_ai.system_instructions"] = system
    tools = tool_definitions(config.get("tools"), budget)
    if tools:
        found.attributes["gen_ai.tool.definitions"] = tools
    found.input = messages(given.get("contents"), system, budget)
    return found


def streamed_request(given: dict[str, Any], instance: Any) -> Request:
    """What a request for streamed content asks for."""
    found = request(given, instance)
    found.parameters["stream"] = found.streamed = True
    return found


def target(path: str) -> Target:
    """A method that sends requests for content: a private one by which public ones send theirs, where it is private."""
    name = path.rpartition(".")[2]
    inner, streamed = name.startswith("_"), name.endswith("_stream")
    return Target(
        MODELS, path, "llm.chat", "chat", streamed_request if streamed else request, response,
        Answer if streamed else None, inner=inner,
    )  # fmt: skip


TARGETS = tuple(
    target(f"{prefix}Models._generate_content{suffix}") for prefix in ("", "Async") for suffix in ("", "_stream")
)
