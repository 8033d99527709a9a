"""A server on loopback that answers a Gen AI client as Gemini does, one answer a request, and the client for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mutagent.demo.loopback import LoopbackHandler, LoopbackServer
from tests.integrations.ways import WAYS

genai = pytest.importorskip("google.genai")


every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
# Said of the client's own code, and of what its older versions leave open.
quiet = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]
COUNTS_THOUGHTS = "thoughts_token_count" in genai.types.GenerateContentResponseUsageMetadata.model_fields


def at_least(*numbers: int) -> bool:
    """Whether the installed client is of this version or a later one."""
    return tuple(int(number) for number in genai.__version__.split(".")[: len(numbers)]) >= numbers


def says(*parts: Any, reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    """An answer of these parts; a string is a part of text."""
    content = {"role": "model", "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}
    candidate = {"content": content, "index": 0, **({} if reason is None else {"finishReason": reason})}
    return {"candidates": [candidate], "modelVersion": "gemini-1-001", "responseId": "response-1", **more}


def calls(name: str, **arguments: Any) -> dict[str, Any]:
    """A part that calls a function."""
    return {"functionCall": {"name": name, "args": arguments}}


def counts(prompt: int, candidates: int, **more: int) -> dict[str, Any]:
    """The usage of an answer."""
    total = prompt + candidates + more.get("thoughtsTokenCount", 0) + more.get("toolUsePromptTokenCount", 0)
    said = {"promptTokenCount": prompt, "candidatesTokenCount": candidates, "totalTokenCount": total, **more}
    return {"usageMetadata": said}


class _Handler(LoopbackHandler):
    server: Gemini

    def do_POST(self) -> None:
        server = self.server
        server.requests.append((self.path, json.loads(self.read_body() or b"{}")))
        answer = server.answers[min(len(server.requests), len(server.answers)) - 1]
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        if isinstance(body, list):
            text = "".join(f"data: {json.dumps(each)}\r\n\r\n" for each in body)
            self.write_whole(status, {"content-type": "text/event-stream"}, text.encode())
        else:
            self.write_whole(status, {}, json.dumps(body).encode())


class Gemini(LoopbackServer):
    """Gives its answers in turn, the last again and again: a dict is a body, a list a stream, a pair has a status."""

    def __init__(self, answers: tuple[Any, ...]) -> None:
        self.answers = answers
        self.requests: list[tuple[str, Any]] = []
        super().__init__(_Handler)


@contextmanager
def answering(*answers: Any) -> Iterator[Gemini]:
    """A server with these answers."""
    server = Gemini(answers)
    server.start()
    try:
        yield server
    finally:
        server.close()


def client(server: Gemini) -> Any:
    """A client of the Gemini API that talks to this server."""
    return genai.Client(api_key="key-of-the-test", http_options={"base_url": server.url})


def vertex(server: Gemini) -> Any:
    """A client of Vertex AI that talks to this server."""
    from google.oauth2.credentials import Credentials

    return genai.Client(
        vertexai=True, project="project-1", location="place-1", credentials=Credentials(token="token-of-the-test"),
        http_options={"base_url": server.url},
    )  # fmt: skip


def run(way: Any, server: Gemini, program: Callable[[Any], Coroutine[Any, Any, Any]], make: Any = client) -> Any:
    """What a program gives that does everything by way of a client, which is closed afterwards."""
    made = make(server)
    used = made.aio if way.name == "async" else made

    async def whole() -> Any:
        try:
            return await program(used)
        finally:
            # Older ones close when they are collected.
            close = getattr(used, "aclose" if way.name == "async" else "close", None)
            if close is not None:
                await way.wait(close())

    return way.run(whole())
