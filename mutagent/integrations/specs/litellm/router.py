"""Calls that LiteLLM tries on one deployment after the other: a chain around the calls that it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import is_blank
from mutagent.integrations.spec import Chunks, Dispatch, Piece, Request, Response, Target
from mutagent.integrations.specs.litellm import answered, asked

_REQUESTS: dict[str, Callable[[dict[str, Any], Any], Request]] = {
    "completion": asked.chat_request,
    "responses": asked.responses_request,
    "rerank": asked.rerank_request,
    "transcription": asked.transcription_request,
    "text_completion": asked.prompt_request,
    "image_generation": asked.image_request,
    "speech": asked.speech_request,
}
_RESPONSES: dict[str, Callable[[Any], Response]] = {
    "completion": answered.chat_response,
    "text_completion": answered.text_response,
    "embedding": answered.embeddings_response,
    "responses": answered.responses_response,
    "image_generation": answered.image_response,
    "transcription": answered.transcription_response,
    "moderation": answered.moderation_response,
}
_CHUNKS: dict[str, Callable[[], Chunks]] = {
    "completion": answered.Chunks,
    "text_completion": answered.TextChunks,
    "responses": answered.Events,
}
# What the router's methods take by position, beside a model and what is asked.
_PARAMETERS = {
    "completion": ("model", "messages"),
    "text_completion": ("model", "prompt"),
    "responses": ("input", "model"),
    "embedding": ("model", "input"),
    "rerank": ("model", "query", "documents"),
    "image_generation": ("prompt", "model"),
    "speech": ("model", "input", "voice"),
    "transcription": ("model", "file"),
    "moderation": ("input", "model"),
}
# One class until 1.10x; since then the router hands its calls to a core.
_CLASSES = (("litellm.router", "Router"), ("litellm.router_rust.core", "RustCore"))


def _request(read: Callable[[dict[str, Any], Any], Request], word: str) -> Callable[[dict[str, Any], Any], Request]:
    def request(given: dict[str, Any], instance: Any) -> Request:
        found = read(given, instance)
        asked_for = given.get("model")
        group = asked_for if type(asked_for) is str else "default"
        found.attributes["gen_ai.workflow.name"] = group
        found.name = f"{word} {group}"
        # It is the calls within that go to a provider.
        found.model = found.provider = found.server = None
        return found

    return request


def _output(found: Response) -> Response:
    """What came of it in the end; the rest stands on the call that it came from."""
    return Response(output=found.output)


class _Outcome:
    def __init__(self, inner: Chunks) -> None:
        self.feed = inner.feed
        self._inner = inner

    def response(self) -> Response:
        """What has come so far."""
        return _output(self._inner.response())


def chain(modules: tuple[str, ...], path: str, name: str, word: str) -> Target:
    """A call of several tries.

    Args:
        modules: where it may stand.
        path: its path there.
        name: LiteLLM's function that each try goes through, without the ``a`` of the async ones.
        word: what the span is called, before the name that was asked for.
    """
    chunks, response = _CHUNKS.get(name), _RESPONSES.get(name, answered.sound_response)
    return Target(
        modules, path, "chain", "invoke_workflow",
        _request(_REQUESTS.get(name, asked.input_request), word), lambda answer: _output(response(answer)),
        None if chunks is None else lambda: _Outcome(chunks()),
        (_PARAMETERS[name]),
        response_to=_reranked if name == "rerank" else None,
    )  # fmt: skip


def _reranked(answer: Any, asks: Request) -> Response:
    return _output(answered.rerank_response(answer, asks))


def with_fallbacks(target: Target) -> Piece:
    """A function that makes one call, or with ``fallbacks`` one after the other."""
    several = chain(target.modules, target.path, "completion", "fallbacks")
    several.parameters = target.parameters
    return Dispatch((target, several), lambda given, _: target if is_blank(given.get("fallbacks")) else several)


ROUTER: tuple[Piece, ...] = tuple(
    chain((module,), f"{cls}.{prefix}{name}", name, "router")
    for module, cls in _CLASSES
    for name in _PARAMETERS
    for prefix in ("", "a")
)
