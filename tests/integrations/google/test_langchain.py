"""LangChain's model over this client: its span is the request's, and there is no other."""

from __future__ import annotations

import pytest

from tests.integrations.google.gemini import answering, counts, every_way, quiet, says

langchain = pytest.importorskip("langchain_google_genai")

pytestmark = [*quiet, pytest.mark.filterwarnings("ignore")]  # what LangChain and its dependencies warn of


def model(server):
    return langchain.ChatGoogleGenerativeAI(model="gemini-1", google_api_key="key-of-the-test", base_url=server.url)


@every_way
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_call_is_one_span(way, streamed, captured):
    async def program(chat):
        if way.name == "async":
            return [chunk async for chunk in chat.astream("Hi")] if streamed else await chat.ainvoke("Hi")
        return list(chat.stream("Hi")) if streamed else chat.invoke("Hi")

    answer = says("Hello.", **counts(4, 6, thoughtsTokenCount=5))
    with answering([answer] if streamed else answer) as server:
        way.run(program(model(server)))
    assert captured.tree() == [["chat gemini-1", []]]
    (span,) = captured.spans
    assert span["tokens"] == {"input": 4, "output": 11, "total": 15}
    assert span["provider"] == "gcp.gemini"
    assert span["attributes"]["server.address"] == "127.0.0.1"
    assert span["attributes"]["gen_ai.response.id"] == "response-1"
