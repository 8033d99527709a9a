"""What is current where: the program's own spans and calls within runs, between the chunks of a stream, in threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import openai
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from mutagent.auto import threads
from mutagent.demo.provider import Reply, Rule
from mutagent.tracing import trace
from tests.integrations.langchain.counting import recorded_tokens
from tests.integrations.langchain.drawing import drawn, tree
from tests.integrations.langchain.loop import run
from tests.integrations.langchain.models import chat_model
from tests.integrations.langchain.test_graphs import graph_of


def echo_chain():
    return ChatPromptTemplate.from_template("{word}") | chat_model(stream_usage=True) | StrOutputParser()


def ask(client, model):
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": "on the side"}])


def test_a_chain_called_in_a_traced_function_nests_under_it(serve_counted, captured):
    serve_counted()
    chain = echo_chain()

    @trace(kind="custom")
    def handle(word):
        return chain.invoke({"word": word})

    handle("hi")
    assert drawn(captured) == tree("""
        handle [custom]
          RunnableSequence [chain]
            ChatPromptTemplate [chain]
            chat gpt-4o-mini [llm.chat]
            StrOutputParser [chain]
    """)


def test_traced_functions_and_client_calls_within_a_node_nest_under_it(serve_counted, captured):
    serve_counted()
    chain, client = echo_chain(), openai.OpenAI()

    @trace(kind="custom")
    def look_up(word):
        ask(client, "gpt-4o")
        return chain.invoke({"word": word})

    def node(state):
        return {"words": [look_up("hi")]}

    with client:
        graph_of(("work", node), name="desk").invoke({"words": []})
    assert drawn(captured) == tree("""
        desk [graph]
          work [node]
            look_up [custom]
              chat gpt-4o [llm.chat]
              ChatPromptTemplate [chain]
              chat gpt-4o-mini [llm.chat]
              StrOutputParser [chain]
    """)


def test_the_same_in_an_async_node(serve_counted, captured):
    serve_counted()
    model = chat_model()

    @trace(kind="custom")
    async def look_up(word):
        return (await model.ainvoke(word)).content

    async def node(state):
        return {"words": [await look_up("hi")]}

    run(graph_of(("work", node), name="desk").ainvoke({"words": []}))
    assert drawn(captured) == tree("""
        desk [graph]
          work [node]
            look_up [custom]
              chat gpt-4o-mini [llm.chat]
    """)


def test_what_the_reader_of_a_stream_does_is_no_part_of_it(serve_counted, captured):
    provider = serve_counted()
    client = openai.OpenAI()
    with client:
        for number, _ in enumerate(echo_chain().stream({"word": "a b c"})):
            if number == 1:
                ask(client, "gpt-4o")
        for number, _ in enumerate(chat_model(stream_usage=True).stream("x y z")):
            if number == 0:
                ask(client, "gpt-4.1")
        graph = graph_of(("one", lambda state: {}), ("two", lambda state: {}))
        for number, _ in enumerate(graph.stream({"words": []}, stream_mode="values")):
            if number == 0:
                ask(client, "o1")
    assert drawn(captured) == tree("""
        RunnableSequence [chain]
          ChatPromptTemplate [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
        chat gpt-4o [llm.chat]
        chat gpt-4o-mini [llm.chat]
        chat gpt-4.1 [llm.chat]
        LangGraph [graph]
          one [node]
          two [node]
        chat o1 [llm.chat]
    """)
    assert recorded_tokens(captured) == sorted(provider.sent)


def test_two_streams_read_in_turns_are_two_trees(serve_counted, captured):
    serve_counted()
    first, second = echo_chain().stream({"word": "a b"}), echo_chain().stream({"word": "c d"})
    next(first), next(second), next(first)
    assert "".join(list(second)) == "You said: c d"
    list(first)
    one = tree("""
        RunnableSequence [chain]
          ChatPromptTemplate [chain]
          chat gpt-4o-mini [llm.chat]
          StrOutputParser [chain]
    """)
    assert drawn(captured) == f"{one}\n{one}"


def test_a_call_made_while_a_stream_is_held_open_stands_beside_it(serve_counted, captured):
    serve_counted()
    held = chat_model(stream_usage=True).stream("held")
    next(held)
    chat_model().invoke("meanwhile")
    assert [span["input"]["messages"][0]["content"] for span in captured.spans] == ["meanwhile"]
    list(held)
    assert drawn(captured) == "chat gpt-4o-mini [llm.chat]\nchat gpt-4o-mini [llm.chat]"
    assert all("tokens" in span for span in captured.spans)


def test_threads_of_a_node_continue_it(serve_counted, captured):
    serve_counted()
    threads.install()
    model = chat_model()

    def node(state):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda word: model.invoke(word), ["a", "b"]))
        thread = threading.Thread(target=model.invoke, args=("c",))
        thread.start()
        thread.join()
        return {}

    graph_of(("spread", node), name="busy").invoke({"words": []})
    assert drawn(captured) == tree("""
        busy [graph]
          spread [node]
            chat gpt-4o-mini [llm.chat]
            chat gpt-4o-mini [llm.chat]
            chat gpt-4o-mini [llm.chat]
    """)


def test_nothing_stays_current_when_a_run_is_over(serve_counted, captured):
    serve_counted()
    chain = echo_chain()
    chain.invoke({"word": "a"})
    list(chain.stream({"word": "b"}))

    async def twice():
        await chain.ainvoke({"word": "c"})
        await chat_model().ainvoke("d")
        return [part async for part in chain.astream({"word": "e"})]

    run(twice())
    roots = captured.children(None)
    assert [root["name"] for root in roots].count("RunnableSequence") == 4
    assert len({span["traceId"] for span in captured.spans}) == len(roots) == 5


def test_a_step_that_streams_has_its_own_calls_below_it(serve_counted, captured):
    serve_counted(Rule(Reply("short")))
    model = chat_model()

    def explain(words):
        for word in words:
            yield model.invoke(word).content

    def start(word):
        return word

    assert list((RunnableLambda(start) | RunnableLambda(explain)).stream("x")) == ["short"]
    assert "chat gpt-4o-mini [llm.chat]" in drawn(captured)
    assert len(captured.children(None)) == 1
