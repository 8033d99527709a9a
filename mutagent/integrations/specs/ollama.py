"""Ollama's Python client, 0.1.8 to 0.6: chat, generations and embeddings, by clients and by the module's functions."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from mutagent.capture.plain import as_list, fields_of, get, get_list, instance_dict, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat, embeddings
from mutagent.integrations.shapes.chat_chunks import ChatChunks
from mutagent.integrations.shapes.request import parameters, streams, text_input, text_of
from mutagent.integrations.spec import Integration, Rebind, Request, Response, Target, Usage

# Not the attribute `ollama._client`, which is the module functions' client.
_CLIENT = ("ollama._client",)
# Options of the model that other providers take as well.
_COMMON = ("temperature", "top_p", "top_k", "seed", "num_predict", "stop", "frequency_penalty", "presence_penalty")
_COUNTS = ("prompt_eval_count", "eval_count", "prompt_eval_duration", "eval_duration", "load_duration",
           "total_duration")  # fmt: skip


def _request(given: dict[str, Any], instance: Any, found: dict[str, Any], attributes: dict[str, Any]) -> Request:
    options = fields_of(given.get("options"))
    common = {name: value for name in _COMMON if (value := options.get(name)) is not None}
    return Request(
        model=text_of(given.get("model")),
        provider="ollama",
        input=found,
        parameters={**common, **parameters(given)},
        attributes=attributes,
        server=str(instance._client.base_url),
        streamed=streams(given),
    )


def chat_request(given: dict[str, Any], instance: Any) -> Request:
    """What a chat asks for."""
    budget = Snapshot()
    offered = [_tool(tool) for tool in as_list(given.get("tools"))]
    items = as_list(given.get("messages"))
    return _request(
        given,
        instance,
        {"messages": budget.sequence(items, lambda item: _message(item, budget))},
        {"gen_ai.tool.definitions": budget.take(offered)} if offered else {},
    )


def _tool(tool: Any) -> Any:
    """A tool; of a function that the client reads a schema off, its name and its documentation."""
    if type(tool) is not FunctionType:
        return tool
    return {"type": "function", "function": {"name": tool.__name__, "description": tool.__doc__}}


def _message(item: Any, budget: Snapshot) -> Any:
    plain = chat.message(item, budget)
    name = read_str(item, "tool_name")
    if name is not None and type(plain) is dict:
        plain["name"] = name
    return plain


def generate_request(given: dict[str, Any], instance: Any) -> Request:
    """What a generation goes on from."""
    system = text_of(given.get("system"))
    attributes = {"gen_ai.system_instructions": Snapshot().take(system)} if system else {}
    return _request(given, instance, text_input(given.get("prompt"), given.get("suffix")), attributes)


def embed_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be embedded; the older method calls it a prompt."""
    value = given.get("input") if given.get("input") is not None else given.get("prompt")
    return _request(given, instance, text_input(value), {})


def usage(answer: Any) -> Usage | None:
    """Token counts; of a prompt that is in its cache, Ollama counts nothing."""
    raw = {name: count for name in _COUNTS if (count := get(answer, name)) is not None}
    if not raw:
        return None
    return Usage(input=whole(raw.get("prompt_eval_count")), output=whole(raw.get("eval_count")), raw=raw)


def _reasons(answer: Any) -> list[str]:
    reason = get(answer, "done_reason")
    return [] if reason is None else [reason]


def chat_response(answer: Any) -> Response:
    """A whole chat."""
    said = get(answer, "message")
    return Response(
        model=get(answer, "model"),
        finish_reasons=_reasons(answer),
        output=None if said is None else {"messages": [_message(said, Snapshot())]},
        usage=usage(answer),
    )


class ChatParts(ChatChunks):
    """Folds the parts of a streamed chat: each a message of its own, the last with the counts."""

    __slots__ = ()

    def feed(self, chunk: Any) -> None:
        """Take one part, as the delta that it amounts to in OpenAI's shape."""
        choice = {"delta": get(chunk, "message"), "finish_reason": get(chunk, "done_reason")}
        done = get(chunk, "done") is True
        super().feed({"model": get(chunk, "model"), "choices": [choice], "usage": chunk if done else None})

    def read_usage(self, raw: Any) -> Usage | None:
        """The counts of the last part."""
        return usage(raw)


def generate_response(answer: Any) -> Response:
    """A whole generation."""
    return _generated(answer, get(answer, "response"), get(answer, "thinking"))


def _generated(answer: Any, text: Any, thinking: Any) -> Response:
    budget = Snapshot()
    if thinking:
        said = {"role": "assistant", "content": text, "thinking": thinking}
        output = {"messages": [chat.message(said, budget)]}
    else:
        output = {"text": budget.take(text)}
    return Response(model=get(answer, "model"), finish_reasons=_reasons(answer), output=output, usage=usage(answer))


class GenerateParts:
    """Folds the parts of a streamed generation."""

    __slots__ = ("last", "text", "thinking")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.thinking: list[str] = []
        self.last: Any = None

    def feed(self, chunk: Any) -> None:
        """Take one part."""
        self.text.append(get(chunk, "response") or "")
        self.thinking.append(get(chunk, "thinking") or "")
        self.last = chunk

    def response(self) -> Response:
        """The generation so far."""
        return _generated(self.last, "".join(self.text), "".join(self.thinking))


def embed_response(answer: Any) -> Response:
    """How many vectors came; the older method gives one."""
    vectors = get_list(answer, "embeddings") or [get(answer, "embedding")]
    return Response(model=get(answer, "model"), output=embeddings.counted(vectors), usage=usage(answer))


def error_facts(error: BaseException) -> dict[str, Any]:
    """The status of an answer that is an error; of one in the midst of a stream there is none."""
    status = (instance_dict(error) or {}).get("status_code")
    return {"http.response.status_code": status} if type(status) is int and status > 0 else {}


_CHAT = ("llm.chat", "chat", chat_request, chat_response, ChatParts)
_GENERATE = ("llm.completion", "text_completion", generate_request, generate_response, GenerateParts)
_EMBED = ("llm.embedding", "embeddings", embed_request, embed_response, None)
_Row = tuple[str, str, Callable[..., Request], Callable[[Any], Response], Callable[[], Any] | None]
_METHODS: dict[str, tuple[_Row, tuple[str, ...]]] = {
    "chat": (_CHAT, ("model", "messages")),
    "generate": (_GENERATE, ("model", "prompt")),
    "embed": (_EMBED, ("model", "input", "truncate", "options", "keep_alive")),
    "embeddings": (_EMBED, ("model", "prompt", "options", "keep_alive")),
}

OLLAMA = Integration(
    name="ollama",
    distribution="ollama",
    versions=">=0.1.8,<1",
    pieces=(
        *(
            Target(_CLIENT, f"{cls}.{method}", *row, parameters=named)
            for cls in ("Client", "AsyncClient")
            for method, (row, named) in _METHODS.items()
        ),
        *(Rebind(("ollama",), method) for method in _METHODS),
    ),
    traces="`chat`, `generate`, `embed`, `embeddings` of clients and of the module",
    leaves="`web_search`, `systemone`",
    error=error_facts,
)
