"""Automatic function calling: the client calls the program's functions, and the model again with what they gave.

One span of kind ``chain`` stands around all that one call of the program's sets off: each request, each function.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, is_blank, is_kind, loaded, read, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Dispatch, Piece, Request, Response, Target
from mutagent.integrations.specs.google.answers import Answer
from mutagent.integrations.specs.google.contents import messages
from mutagent.integrations.specs.google.fields import named
from mutagent.integrations.specs.google.generate import MODELS, target, where
from mutagent.integrations.specs.google.tools import function_words

CHATS = ("google.genai.chats",)
TOOLS = ("google.genai._extra_utils",)
SESSIONS = ("google.genai._adapters",)


def applies(config: Any) -> bool:
    """Whether the client calls functions by itself under this configuration."""
    fields = named(config)
    automatic = named(fields.get("automatic_function_calling"))
    most = whole(automatic.get("maximum_remote_calls"))
    if automatic.get("disable") is True or (most is not None and most <= 0):
        return False
    tools = as_list(fields.get("tools"))
    # Declarations among the tools switch it off, since some version of the client.
    strict = loaded("google.genai._extra_utils", "find_afc_incompatible_tool_indexes") is not None
    if strict and any(not is_blank(named(tool).get("function_declarations")) for tool in tools):
        return False
    return any(_is_called(tool) for tool in tools)


def _is_called(tool: Any) -> bool:
    session = loaded("mcp", "ClientSession")
    return callable(tool) or (session is not None and is_kind(tool, session))


def _request(method: str, given: dict[str, Any], instance: Any, contents: Any, model: Any) -> Request:
    provider, server = where(instance, named(given.get("config")))
    return Request(
        provider=provider,
        input=messages(contents, None, Snapshot()),
        server=server,
        name=method if type(model) is not str else f"{method} {model}",
    )


def content_request(given: dict[str, Any], instance: Any) -> Request:
    """What a call of the models' methods begins with."""
    return _request("generate_content", given, instance, given.get("contents"), given.get("model"))


def chat_request(given: dict[str, Any], instance: Any) -> Request:
    """What a message to a chat begins with."""
    models, model = read(instance, "_modules"), read(instance, "_model")
    return _request("send_message", given, models, given.get("message"), model)


class Words(Answer):
    """Folds what a streamed call gave in all: its requests' own spans have the rest."""

    __slots__ = ()

    def response(self) -> Response:
        """The messages so far."""
        return Response(output=super().response().output)


def words(answer: Any) -> Response:
    """What a call gave in the end."""
    found = Words()
    found.feed(answer)
    return found.response()


def tool_request(given: dict[str, Any], instance: Any) -> Request:
    """A function of the program's that the model asked for."""
    name, description = function_words(given.get("function_to_invoke"))
    return _tool(name, given.get("args"), description)


def session_request(given: dict[str, Any], instance: Any) -> Request:
    """A tool of an MCP server that the model asked for."""
    call = named(given.get("function_call"))
    return _tool(read_str(call, "name"), call.get("args"), None)


def _tool(name: str | None, arguments: Any, description: str | None) -> Request:
    budget = Snapshot()
    attributes = {"gen_ai.tool.name": name, "gen_ai.tool.description": description}
    return Request(
        input={"raw": budget.take(arguments)},
        attributes={key: budget.take(value) for key, value in attributes.items() if value is not None},
        name=name or "execute_tool",
    )


def tool_response(result: Any) -> Response:
    """What a tool gave."""
    found = Snapshot().take(result)
    return Response(output={"text": found} if type(found) is str else {"raw": found})


def _applies_to_models(given: dict[str, Any], instance: Any) -> bool:
    return applies(given.get("config"))


def _applies_to_chat(given: dict[str, Any], instance: Any) -> bool:
    config = given.get("config")
    return applies(read(instance, "_config") if config is None else config)


def _content(path: str) -> Dispatch:
    several = Target(MODELS, path, "chain", "invoke_workflow", content_request, words, Words)
    one = target(path)
    return Dispatch((several, one), lambda given, instance: several if _applies_to_models(given, instance) else one)


def _chat(path: str) -> Dispatch:
    several = Target(CHATS, path, "chain", "invoke_workflow", chat_request, words, Words, ("message", "config"))
    return Dispatch((several,), lambda given, instance: several if _applies_to_chat(given, instance) else None)


def _tool_target(modules: tuple[str, ...], path: str) -> Target:
    if modules is SESSIONS:
        return Target(modules, path, "tool", "execute_tool", session_request, tool_response, None, ("function_call",))
    return Target(
        modules, path, "tool", "execute_tool", tool_request, tool_response, parameters=("args", "function_to_invoke")
    )


_METHODS = [(prefix, suffix) for prefix in ("", "Async") for suffix in ("", "_stream")]
PIECES: tuple[Piece, ...] = (
    *(_content(f"{prefix}Models.generate_content{suffix}") for prefix, suffix in _METHODS),
    *(_chat(f"{prefix}Chat.send_message{suffix}") for prefix, suffix in _METHODS),
    _tool_target(TOOLS, "invoke_function_from_dict_args"),
    _tool_target(TOOLS, "invoke_function_from_dict_args_async"),
    _tool_target(SESSIONS, "McpToGenAiToolAdapter.call_tool"),
)
