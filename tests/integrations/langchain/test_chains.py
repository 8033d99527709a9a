"""LCEL chains: a retrieval chain called in every way."""

from __future__ import annotations

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore

from mutagent.demo.provider import Reply, Rule
from tests.integrations.langchain.counting import recorded_tokens
from tests.integrations.langchain.drawing import assert_one_trace, drawn, tree
from tests.integrations.langchain.loop import run
from tests.integrations.langchain.models import chat_model, embedding_model

ANSWER = "They purr."
RAG = tree("""
    RunnableSequence [chain]
      RunnableParallel<context,question> [chain]
        VectorStoreRetriever [retrieval]
          embeddings text-embedding-3-small [llm.embedding]
        format_docs [chain]
      ChatPromptTemplate [chain]
      chat gpt-4o-mini [llm.chat]
      StrOutputParser [chain]
""")


def format_docs(documents):
    return "\n".join(document.page_content for document in documents)


def rag_chain():
    """The chain, its store filled before anything is captured of it."""
    embeddings = embedding_model()
    store = InMemoryVectorStore.from_texts(["cats purr", "dogs bark"], embeddings, [{"page": 1}, {"page": 2}])
    prompt = ChatPromptTemplate.from_messages([("system", "Known: {context}"), ("user", "{question}")])
    sources = {"context": store.as_retriever(search_kwargs={"k": 1}) | format_docs, "question": RunnablePassthrough()}
    return sources | prompt | chat_model(temperature=0, stream_usage=True) | StrOutputParser()


@pytest.fixture
def rag(serve_counted, captured):
    """The chain and its provider; what filling the store has made of spans is left out."""
    pytest.importorskip("numpy")
    provider = serve_counted(Rule(Reply(ANSWER)))
    chain = rag_chain()
    captured.spans.clear()
    return chain, provider


def in_turn(chain):
    return chain.invoke("What do cats do?")


def streamed(chain):
    return "".join(chain.stream("What do cats do?"))


def awaited(chain):
    return run(chain.ainvoke("What do cats do?"))


def streamed_async(chain):
    async def read():
        return "".join([chunk async for chunk in chain.astream("What do cats do?")])

    return run(read())


def as_events(chain):
    async def read():
        events = chain.astream_events("What do cats do?", version="v2")
        ends = [event async for event in events if event["event"] == "on_chain_end"]
        return ends[-1]["data"]["output"]

    return run(read())


@pytest.mark.parametrize("way", [in_turn, streamed, awaited, streamed_async, as_events])
def test_a_retrieval_chain_is_one_tree_however_it_is_called(rag, captured, way):
    chain, provider = rag
    assert way(chain) == ANSWER
    assert drawn(captured) == RAG
    assert_one_trace(captured)
    assert recorded_tokens(captured) == sorted(provider.sent)


def test_each_step_of_a_chain_records_what_went_in_and_what_came_out(rag, captured):
    chain, _ = rag
    chain.invoke("What do cats do?")
    document = {"content": "cats purr", "metadata": {"page": 1}}
    conversation = [{"role": "system", "content": "Known: cats purr"}, {"role": "user", "content": "What do cats do?"}]
    answer = {"role": "assistant", "content": ANSWER}
    assert {span["name"]: (span["input"], span["output"]) for span in captured.spans} == {
        "RunnableSequence": ({"text": "What do cats do?"}, {"text": ANSWER}),
        "RunnableParallel<context,question>": (
            {"text": "What do cats do?"},
            {"raw": {"context": "cats purr", "question": "What do cats do?"}},
        ),
        "VectorStoreRetriever": ({"text": "What do cats do?"}, {"documents": [document]}),
        "embeddings text-embedding-3-small": (
            {"text": "What do cats do?"},
            {"raw": {"embeddings": 1, "dimensions": 256}},
        ),
        "format_docs": ({"documents": [document]}, {"text": "cats purr"}),
        "ChatPromptTemplate": (
            {"raw": {"context": "cats purr", "question": "What do cats do?"}},
            {"messages": conversation},
        ),
        "chat gpt-4o-mini": ({"messages": conversation}, {"messages": [answer]}),
        "StrOutputParser": ({"messages": [answer]}, {"text": ANSWER}),
    }


def test_a_streamed_chain_records_the_input_that_it_read_late(rag, captured):
    chain, _ = rag
    list(chain.stream("What do cats do?"))
    assert captured.named("RunnableSequence")["input"] == {"text": "What do cats do?"}
    assert captured.named("StrOutputParser")["output"] == {"text": ANSWER}


@pytest.mark.parametrize("together", [lambda chain, given: chain.batch(given),
                                      lambda chain, given: run(chain.abatch(given))])  # fmt: skip
def test_each_item_of_a_batch_is_a_trace_of_its_own(serve_counted, captured, together):
    provider = serve_counted()
    chain = ChatPromptTemplate.from_template("{word}") | chat_model() | StrOutputParser()
    assert together(chain, [{"word": "a"}, {"word": "b"}, {"word": "c"}]) == [f"You said: {word}" for word in "abc"]
    one = tree("""
        RunnableSequence [chain]
          ChatPromptTemplate [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
    """)
    assert drawn(captured) == "\n".join([one] * 3)
    assert len({span["traceId"] for span in captured.spans}) == 3
    assert recorded_tokens(captured) == sorted(provider.sent)


def test_a_chain_that_was_left_early_ends_with_what_had_arrived(serve_counted, captured):
    serve_counted(Rule(Reply("one two three four")))
    chain = chat_model() | StrOutputParser()
    stream = chain.stream("count")
    while not next(stream):
        pass
    stream.close()
    assert drawn(captured) == tree("""
        RunnableSequence [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
    """)
    assert captured.open_spans() == []


def test_an_async_chain_that_was_left_early_ends_when_it_is_closed(serve_counted, captured):
    serve_counted(Rule(Reply("one two three four")))
    chain = chat_model() | StrOutputParser()

    async def read():
        async for _ in chain.astream("count"):
            break

    run(read())
    assert drawn(captured) == tree("""
        RunnableSequence [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
    """)
    assert captured.named("RunnableSequence")["attributes"]["mutagent.stream.outcome"] == "closed"


def test_a_failing_step_fails_the_chain_with_its_own_exception(serve_counted, captured):
    def divide(given):
        return 1 / given

    with pytest.raises(ZeroDivisionError):
        (RunnableLambda(divide) | RunnableLambda(str)).invoke(0)
    assert drawn(captured) == tree("""
        RunnableSequence [chain] error
          divide [chain] error
    """)
    assert captured.named("divide")["attributes"]["error.type"] == "ZeroDivisionError"


def test_attempts_and_fallbacks_stand_side_by_side(serve_counted, captured):
    serve_counted()
    attempts = []

    def flaky(given):
        attempts.append(given)
        if len(attempts) < 2:
            raise ValueError("again")
        return given

    retried = RunnableLambda(flaky).with_retry(stop_after_attempt=2, wait_exponential_jitter=False)

    def broken(given):
        raise ValueError("never")

    chain = retried | RunnableLambda(broken).with_fallbacks([chat_model()])
    chain.invoke("x")
    assert drawn(captured) == tree("""
        RunnableSequence [chain]
          flaky [chain]
            flaky [chain] error
            flaky [chain]
          RunnableWithFallbacks [chain]
            broken [chain] error
            chat gpt-4o-mini [llm.chat]
    """)
