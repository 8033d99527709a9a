"""What is Ollama's own: the module's functions, tools that are functions, images, thoughts, errors within a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mutagent.auto import hooks
from mutagent.testing import CapturedSpans, capture
from tests.integrations.canned import Answers, answering, json_answer, lines
from tests.integrations.ollama.cases import END, HELLO, REFUSED
from tests.integrations.situations import Situation

ollama = pytest.importorskip("ollama")
THOUGHT = {"role": "assistant", "content": "Four.", "thinking": "Hm."}


def answer(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "model-1", "created_at": "2026-01-01T00:00:00Z", "message": message, **more}


HELLO_BACK = answer({"role": "assistant", "content": "Hello."}, **END)


def add(a: int, b: int) -> int:
    """Adds two numbers.

    Args:
      a: one
      b: the other
    """
    return a + b


@pytest.fixture
def client_of() -> Iterator[Callable[[str], Any]]:
    """Makes clients of a server; all are closed at the end."""
    made: list[Any] = []

    def client(url: str) -> Any:
        made.append(ollama.Client(host=url))
        return made[-1]

    yield client
    for each in made:
        each._client.close()


@pytest.fixture
def default_client(client_of: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Points the module's own client to a server."""
    return lambda url: monkeypatch.setattr(ollama._client, "_client", client_of(url)._client)


def test_the_modules_functions_are_traced(default_client: Any, captured: CapturedSpans) -> None:
    with answering(HELLO_BACK) as url:
        default_client(url)
        ollama.chat("model-1", HELLO)
    (span,) = captured.spans
    assert span["input"] == {"messages": HELLO}
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hello."}]}
    assert span["tokens"] == {"input": 4, "output": 6, "total": 10}


def test_the_modules_functions_are_given_back(default_client: Any) -> None:
    before = ollama.chat
    hooks.install()
    assert ollama.chat is not before
    hooks.uninstall()
    assert ollama.chat == before
    with capture() as spans, answering(HELLO_BACK) as url:
        default_client(url)
        ollama.chat("model-1", HELLO)
    assert spans.spans == []


def test_functions_are_tools_and_calls_come_whole(client_of: Any, captured: CapturedSpans) -> None:
    if not hasattr(ollama, "Tool"):
        pytest.skip("the installed ollama takes no functions")
    call = {"function": {"name": "add", "arguments": {"a": 1, "b": 2}}}
    said = answer({"role": "assistant", "content": "", "tool_calls": [call, call]}, **END)
    streamed = Answers(refused=REFUSED, stream=lines(said))(Situation.ANSWERED)
    with answering(said) as url:
        client_of(url).chat("model-1", HELLO, tools=[add])
    try:
        list(client_of(streamed.url).chat("model-1", HELLO, tools=[add], stream=True))
    finally:
        streamed.close()
    for span in captured.spans:
        (tool,) = span["attributes"]["gen_ai.tool.definitions"]
        assert tool["function"]["name"] == "add"
        (message,) = span["output"]["messages"]
        assert message["toolCalls"] == [{"id": None, "name": "add", "arguments": {"a": 1, "b": 2}}] * 2


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_thoughts_are_reasoning(client_of: Any, streamed: bool, captured: CapturedSpans) -> None:
    server = Answers(
        refused=REFUSED,
        whole=json_answer(answer(THOUGHT, **END)),
        stream=lines(answer({**THOUGHT, "content": ""}), answer({"role": "assistant", "content": "Four."}, **END)),
    )(Situation.ANSWERED)
    try:
        given = client_of(server.url).chat("model-1", HELLO, stream=streamed)
        list(given)
    finally:
        server.close()
    (message,) = captured.spans[0]["output"]["messages"]
    if type(message["content"]) is str and not hasattr(ollama, "Tool"):
        pytest.skip("the installed ollama knows no thoughts")
    assert message["content"] == [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Four."}]


def test_images_are_placeholders(client_of: Any, captured: CapturedSpans) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 600
    with answering(HELLO_BACK) as url:
        client_of(url).chat("model-1", [{**HELLO[0], "images": [picture]}])
    _, image = captured.spans[0]["input"]["messages"][0]["content"]
    assert image["size"] == len(picture)


def test_an_error_within_a_stream_fails_it(client_of: Any, captured: CapturedSpans) -> None:
    server = Answers(
        refused=REFUSED, stream=lines(answer({"role": "assistant", "content": "Hel"}), {"error": "Overloaded"})
    )(Situation.ANSWERED)
    try:
        with pytest.raises(ollama.ResponseError, match="Overloaded"):
            list(client_of(server.url).chat("model-1", HELLO, stream=True))
    finally:
        server.close()
    (span,) = captured.spans
    assert (span["status"], span["error"]) == ("error", "Overloaded")
    assert span["output"] == {"messages": [{"role": "assistant", "content": "Hel"}]}
    assert span["attributes"]["mutagent.stream.outcome"] == "failed"
    assert "http.response.status_code" not in span["attributes"]


def test_older_embeddings_are_one_vector(client_of: Any, captured: CapturedSpans) -> None:
    with answering({"embedding": [0.5, 0.25]}) as url:
        client_of(url).embeddings("model-1", "one")
    (span,) = captured.spans
    assert span["output"] == {"raw": {"embeddings": 1, "dimensions": 2}}
