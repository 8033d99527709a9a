"""Embeddings and rerankers, for which LangChain has no callbacks."""

from __future__ import annotations

import inspect

from langchain_core.documents import Document
from langchain_core.documents.compressor import BaseDocumentCompressor
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.runnables import RunnableLambda

from mutagent.auto import hooks
from mutagent.integrations.langchain import MutagentCallbackHandler
from mutagent.testing import capture
from tests.integrations.langchain.drawing import drawn, tree
from tests.integrations.langchain.loop import run
from tests.integrations.langchain.models import embedding_model


class Lengths(Embeddings):
    """Embeddings of the program's own."""

    def embed_documents(self, texts):
        return [[float(len(text)), 1.0] for text in texts]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


class Best(BaseDocumentCompressor):
    """A reranker of the program's own."""

    top_n: int = 1

    def compress_documents(self, documents, query, callbacks=None):
        found = sorted(documents, key=lambda document: -document.page_content.count(query))
        return [Document(d.page_content, metadata={"relevance_score": 0.5}) for d in found[: self.top_n]]


def test_embeddings_of_a_client_are_one_span_with_its_usage(serve_counted, captured):
    serve_counted()
    embedding_model().embed_documents(["cats purr", "dogs bark"])
    run(embedding_model().aembed_query("cats"))
    assert drawn(captured) == "\n".join(["embeddings text-embedding-3-small [llm.embedding]"] * 2)
    several, one = captured.spans
    assert several["input"] == {"raw": ["cats purr", "dogs bark"]}
    assert several["output"] == {"raw": {"embeddings": 2, "dimensions": 256}}
    assert (several["tokens"], one["tokens"]) == ({"input": 4, "total": 4}, {"input": 1, "total": 1})
    assert several["provider"] == "openai"
    assert several["attributes"]["mutagent.request_id"].startswith("req_")


def test_a_second_request_of_one_call_has_a_span_of_its_own(serve_counted, captured):
    serve_counted()
    embedding_model(chunk_size=1).embed_documents(["cats purr", "dogs bark"])
    assert drawn(captured) == tree("""
        embeddings text-embedding-3-small [llm.embedding]
          embeddings text-embedding-3-small [llm.embedding]
    """)
    assert [span["tokens"]["input"] for span in captured.spans] == [2, 2]


def test_embeddings_of_the_programs_own_are_one_span_a_call(captured):
    assert Lengths().embed_query("four") == [4.0, 1.0]
    (span,) = captured.spans
    assert (span["name"], span["kind"]) == ("embeddings Lengths", "llm.embedding")
    assert (span["input"], span["output"]) == ({"text": "four"}, {"raw": {"embeddings": 1, "dimensions": 2}})


def test_classes_defined_later_are_traced_too(captured):
    class Later(DeterministicFakeEmbedding):
        def embed_query(self, text):
            return [0.0]

    Later(size=1).embed_query("x")
    run(Lengths().aembed_query("y"))
    assert sorted(span["name"] for span in captured.spans) == ["embeddings Later", "embeddings Lengths"]


def test_a_reranker_records_the_documents_before_and_after(captured):
    documents = [Document("dogs bark", metadata={"page": 2}), Document("cats, cats")]
    chain = RunnableLambda(lambda query: Best().compress_documents(documents, query), name="sort")
    chain.invoke("cats")
    assert drawn(captured) == tree("""
        sort [chain]
          Best [rerank]
    """)
    span = captured.named("Best")
    assert span["input"] == {
        "text": "cats",
        "documents": [{"content": "dogs bark", "metadata": {"page": 2}}, {"content": "cats, cats"}],
    }
    assert span["output"] == {
        "documents": [{"content": "cats, cats", "metadata": {"relevance_score": 0.5}, "score": 0.5}]
    }
    assert span["attributes"]["mutagent.request.top_n"] == 1


def test_a_handler_of_the_program_traces_them_within_its_runs_only():
    with capture() as captured:
        Lengths().embed_query("outside")
        config = {"callbacks": [MutagentCallbackHandler()]}
        RunnableLambda(lambda text: Lengths().embed_query(text), name="embed").invoke("inside", config)
    assert drawn(captured) == tree("""
        embed [chain]
          embeddings Lengths [llm.embedding]
    """)


def test_uninstalled_every_class_is_as_before():
    hooks.uninstall()
    from mutagent.integrations.langchain import classes

    for family in list(classes._families):
        classes._undo(family)
    before = {name: vars(Lengths)[name] for name in ("embed_documents", "embed_query")}
    hooks.install()
    assert vars(Lengths)["embed_query"] is not before["embed_query"]
    assert inspect.signature(Lengths.embed_query) == inspect.signature(before["embed_query"])
    assert "__init_subclass__" in vars(Embeddings)
    hooks.uninstall()
    assert {name: vars(Lengths)[name] for name in before} == before
    assert "__init_subclass__" not in vars(Embeddings)
    assert "__init_subclass__" not in vars(BaseDocumentCompressor)
