"""What is Chroma's own: texts that a collection embeds, several queries at once, and a real server, sync and async."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mutagent.integrations.specs.chroma import search_request, search_response
from tests.integrations.chroma.cases import DOCUMENTS, QUERY_SPAN, collection
from tests.integrations.spans import normal
from tests.integrations.ways import SYNC

chromadb = pytest.importorskip("chromadb")
ASKED = {"query_embeddings": [[1.0, 0.0]], "n_results": 2}
SERVED_SPAN = {
    **QUERY_SPAN,
    "attributes": {**QUERY_SPAN["attributes"], "server.address": "127.0.0.1", "server.port": "<port>"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of Chroma's own server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [Path(sys.executable).parent / "chroma", "run", "--host", "127.0.0.1", "--port", str(port)]
    where = tmp_path_factory.mktemp("chroma")
    process = subprocess.Popen(
        [*command, "--path", where], cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            assert process.poll() is None, "chroma run ended"
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def test_a_query_on_a_server_says_which(captured, server):
    client = chromadb.HttpClient(host="127.0.0.1", port=server)
    notes = client.get_or_create_collection("notes", embedding_function=None)
    notes.upsert(**DOCUMENTS)
    notes.query(**ASKED)
    assert [normal(span) for span in captured.spans] == [SERVED_SPAN]


def test_an_async_query_is_one_span(captured, server):
    async def program() -> None:
        client = await chromadb.AsyncHttpClient(host="127.0.0.1", port=server)
        notes = await client.get_or_create_collection("notes", embedding_function=None)
        await notes.upsert(**DOCUMENTS)
        await notes.query(**ASKED)

    asyncio.run(program())
    assert [normal(span) for span in captured.spans] == [SERVED_SPAN]


class Letters(chromadb.EmbeddingFunction):  # type: ignore[misc]
    """Embeds a text as what it begins with."""

    def __init__(self) -> None:
        """Nothing is to be set up."""

    @staticmethod
    def name() -> str:
        """What a collection calls it."""
        return "letters"

    def get_config(self) -> dict[str, Any]:
        """There is none."""
        return {}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> Letters:
        """There is none."""
        return Letters()

    def __call__(self, texts: Any) -> Any:
        return [[1.0, 0.0] if text.startswith("T") else [0.0, 1.0] for text in texts]


def texts_of(*queries: str) -> Any:
    notes = chromadb.EphemeralClient().get_or_create_collection("texts", embedding_function=Letters())
    notes.upsert(ids=["a", "b"], documents=["The sun is a star.", "Rain falls."])
    return notes.query(query_texts=list(queries), n_results=1, include=["documents"])


def test_a_text_is_the_query(captured):
    texts_of("The sun?")
    (span,) = captured.spans
    assert span["input"] == {"text": "The sun?"}
    assert span["attributes"]["gen_ai.retrieval.query.text"] == "The sun?"
    assert span["output"]["documents"][0]["content"] == "The sun is a star."
    assert span["output"]["documents"][0].get("score") is None


def test_the_documents_of_several_queries_follow_each_other(captured):
    texts_of("The sun?", "Rain?")
    (span,) = captured.spans
    assert span["input"] == {"raw": ["The sun?", "Rain?"]}
    assert [found["content"] for found in span["output"]["documents"]] == ["The sun is a star.", "Rain falls."]
    assert span["attributes"]["mutagent.retrieval.hits"] == 2


def test_a_search_keeps_its_words_and_none_of_its_vectors():
    """Only Chroma's cloud can do it."""
    execution = pytest.importorskip("chromadb.execution.expression")
    ranked = execution.Search().rank(execution.Knn(query=[0.5] * 40)).limit(3)
    asked = search_request({"searches": [ranked]}, collection(SYNC, "", {}))
    assert asked.input["raw"]["rank"]["query"] == {"vectors": 1, "dimensions": 40}
    assert asked.name == "retrieval notes"
    answer = {"ids": [["a"]], "documents": [["The sun."]], "metadatas": [None], "scores": [[0.5]]}
    assert search_response(answer).output == {
        "documents": [{"content": "The sun.", "metadata": {"id": "a"}, "score": 0.5}]
    }
