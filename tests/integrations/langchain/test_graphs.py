"""LangGraph graphs: supervisors, map-reduce, handoffs, functions, and how they are streamed."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, TypedDict

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send

from mutagent.demo.provider import Reply, Rule
from tests.integrations.langchain.agents import MODEL_NODE, make_agent
from tests.integrations.langchain.counting import recorded_tokens
from tests.integrations.langchain.drawing import assert_one_trace, drawn, tree
from tests.integrations.langchain.loop import run
from tests.integrations.langchain.models import chat_model


class Words(TypedDict):
    """A state that collects words."""

    words: Annotated[list[str], operator.add]


def graph_of(*nodes, state=Words, **options):
    """Nodes ``(name, action)`` in a row."""
    graph = StateGraph(state)
    previous = START
    for name, action in nodes:
        graph.add_node(name, action)
        graph.add_edge(previous, name)
        previous = name
    return graph.compile(**options)


def team():
    """A supervisor over a ready-made agent and a graph of its own."""
    model = chat_model()
    chain = ChatPromptTemplate.from_template("Write about {topic}") | model | StrOutputParser()

    def draft(state):
        return {"messages": [("ai", chain.invoke({"topic": state["messages"][0].content}))]}

    writing = graph_of(("draft", draft), ("polish", lambda state: {}), state=MessagesState, name="writing")

    def supervise(state) -> Command:
        return Command(goto=("research", "write", END)[len(state["messages"]) - 1])

    graph = StateGraph(MessagesState)
    graph.add_node("supervisor", supervise)
    graph.add_node("research", make_agent(model, [], name="researcher"))
    graph.add_node("write", writing)
    graph.add_edge(START, "supervisor")
    graph.add_edge("research", "supervisor")
    graph.add_edge("write", "supervisor")
    return graph.compile(name="team")


TEAM = tree(f"""
    team [graph]
      supervisor [node]
      research [node]
        researcher [agent]
          {MODEL_NODE} [node]
            chat gpt-4o-mini [llm.chat]
      supervisor [node]
      write [node]
        writing [graph]
          draft [node]
            ChatPromptTemplate [chain]
            chat gpt-4o-mini [llm.chat]
            StrOutputParser [chain]
          polish [node]
      supervisor [node]
""")
TASK = {"messages": [("user", "cats")]}


def called(graph):
    graph.invoke(TASK)


def awaited(graph):
    run(graph.ainvoke(TASK))


def streamed(graph):
    list(graph.stream(TASK, stream_mode=["updates", "values", "custom", "debug"], subgraphs=True))


def streamed_async(graph):
    async def read():
        return [part async for part in graph.astream(TASK, stream_mode=["messages", "updates"], subgraphs=True)]

    run(read())


@pytest.mark.parametrize("way", [called, awaited, streamed, streamed_async])
def test_a_supervisor_with_subgraphs_is_one_tree_however_it_is_called(serve_counted, captured, way):
    provider = serve_counted()
    way(team())
    assert drawn(captured) == TEAM
    assert_one_trace(captured)
    if way is not streamed_async:  # its model streams without saying what it used
        assert recorded_tokens(captured) == sorted(provider.sent)


def map_reduce():
    model = chat_model()

    def plan(state):
        return {"words": ["a", "b", "c"]}

    def fan_out(state):
        return [Send("write", {"word": word}) for word in state["words"]]

    def write(state):
        return {"words": [model.invoke(state["word"]).content]}

    async def awrite(state):
        return {"words": [(await model.ainvoke(state["word"])).content]}

    graph = StateGraph(Words)
    graph.add_node("plan", plan)
    graph.add_node("write", RunnableLambda(write, awrite))
    graph.add_node("collect", lambda state: {})
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", fan_out, ["write"])
    graph.add_edge("write", "collect")
    return graph.compile(name="map_reduce")


@pytest.mark.parametrize("call", [lambda graph: graph.invoke({"words": []}),
                                  lambda graph: run(graph.ainvoke({"words": []}))])  # fmt: skip
def test_each_branch_of_a_map_is_a_node_with_its_own_model_call(serve_counted, captured, call):
    provider = serve_counted()
    assert call(map_reduce())["words"][3:] == ["You said: a", "You said: b", "You said: c"]
    assert drawn(captured) == tree("""
        map_reduce [graph]
          plan [node]
            fan_out [chain]
          write [node]
            chat gpt-4o-mini [llm.chat]
          write [node]
            chat gpt-4o-mini [llm.chat]
          write [node]
            chat gpt-4o-mini [llm.chat]
          collect [node]
    """)
    assert_one_trace(captured)
    assert recorded_tokens(captured) == sorted(provider.sent)
    # Each call answers what its own node was sent.
    for span in captured.spans:
        if span["name"] == "write":
            (call_span,) = captured.children(span)
            assert call_span["input"]["messages"][0]["content"] == span["input"]["raw"]["word"]


def test_a_span_says_where_in_the_graph_it_stands(serve_counted, captured):
    serve_counted()
    model = chat_model()
    graph = graph_of(("ask", lambda state: {"words": [model.invoke("hi").content]}), name="small")
    config = {"configurable": {"thread_id": "t-7"}, "metadata": {"customer": "acme"}, "tags": ["nightly"]}
    graph.invoke({"words": ["start"]}, config)
    node = captured.named("ask")["attributes"]
    assert {name: value for name, value in node.items() if name != "langgraph.checkpoint_ns"} == {
        "langchain.run_id": node["langchain.run_id"],
        "langgraph.node": "ask",
        "langgraph.step": 1,
        "langgraph.thread_id": "t-7",
    }
    assert node["langgraph.checkpoint_ns"].startswith("ask:")
    assert captured.named("chat gpt-4o-mini")["attributes"]["langgraph.node"] == "ask"
    root = captured.named("small")
    assert root["attributes"] == {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "small",
        "gen_ai.conversation.id": "t-7",
        "langchain.run_id": root["attributes"]["langchain.run_id"],
        "langchain.metadata": {"customer": "acme"},
        "langchain.tags": ["nightly"],
        "langgraph.thread_id": "t-7",
    }
    assert {span["langchain.run_id"] for span in (root["attributes"], node)} != {node["langchain.run_id"]}
    assert captured.traces[root["traceId"]]["sessionId"] == "t-7"


def test_a_session_set_by_the_program_wins_over_the_thread(serve_counted, captured):
    from mutagent.tracing import session

    graph = graph_of(("one", lambda state: {}))
    with session("mine", user_id="u-1"):
        graph.invoke({"words": []}, {"configurable": {"thread_id": "t-7"}})
    (trace,) = captured.traces.values()
    assert trace["sessionId"] == "mine"
    assert trace["metadata"]["user.id"] == "u-1"


def test_states_are_recorded_with_their_conversation_as_messages_and_bounded(serve_counted, captured):
    from langchain_core.messages import AIMessage, HumanMessage

    class State(MessagesState):
        notes: str

    long = "x" * 400_000
    graph = graph_of(("answer", lambda state: {"messages": [AIMessage("yes")], "notes": long}), state=State)
    graph.invoke({"messages": [HumanMessage("really?")], "notes": "none"})
    assert captured.named("answer")["input"] == {
        "messages": [{"role": "user", "content": "really?"}],
        "raw": {"notes": "none"},
    }
    output = captured.named("LangGraph")["output"]
    assert output["messages"][-1] == {"role": "assistant", "content": "yes"}
    assert 100_000 < len(output["raw"]["notes"]) < 140_000


def test_a_handoff_to_the_parent_graph_is_no_error(serve_counted, captured):
    def hand_over(state) -> Command:
        return Command(goto="second", graph=Command.PARENT, update={"words": ["handed over"]})

    graph = StateGraph(Words)
    graph.add_node("first", graph_of(("hand_over", hand_over), name="inner"))
    graph.add_node("second", lambda state: {"words": ["done"]})
    graph.add_edge(START, "first")
    assert graph.compile(name="outer").invoke({"words": []})["words"] == ["handed over", "done"]
    assert drawn(captured) == tree("""
        outer [graph]
          first [node]
            inner [graph]
              hand_over [node]
          second [node]
    """)
    assert captured.named("hand_over")["attributes"]["langgraph.control_flow"] == "handoff"


def test_a_chain_as_a_node_does_not_bury_the_model_call(serve_counted, captured):
    serve_counted()
    chain = (lambda state: state["words"][0]) | chat_model() | (lambda answer: {"words": [answer.content]})
    graph_of(("answer", chain), ("again", RunnableLambda(lambda state: {}, name="again"))).invoke({"words": ["hi"]})
    assert drawn(captured) == tree("""
        LangGraph [graph]
          answer [node]
            RunnableLambda [chain]
            chat gpt-4o-mini [llm.chat]
            RunnableLambda [chain]
          again [node]
    """)


def test_a_graph_made_of_one_function_shows_the_function_and_its_tasks(serve_counted, captured):
    provider = serve_counted()
    model = chat_model()

    @task
    def shout(word):
        return model.invoke(word).content.upper()

    @entrypoint()
    def speech(words):
        pending = [shout(word) for word in words]
        return [one.result() for one in pending]

    assert speech.invoke(["a", "b"]) == ["YOU SAID: A", "YOU SAID: B"]
    assert drawn(captured) == tree("""
        speech [graph]
          shout [node]
            chat gpt-4o-mini [llm.chat]
          shout [node]
            chat gpt-4o-mini [llm.chat]
    """)
    assert recorded_tokens(captured) == sorted(provider.sent)


def test_a_graph_whose_stream_is_left_early_ends_with_what_had_run(serve_counted, captured):
    graph = graph_of(("first", lambda state: {"words": ["1"]}), ("second", lambda state: {"words": ["2"]}))
    for _ in graph.stream({"words": []}):
        break
    assert drawn(captured) == tree("""
        LangGraph [graph]
          first [node]
    """)
    assert captured.named("LangGraph")["attributes"]["mutagent.stream.outcome"] == "closed"
    assert captured.open_spans() == []


def test_a_failing_node_fails_its_graph(serve_counted, captured):
    def broken(state):
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        graph_of(("broken", broken)).invoke({"words": []})
    assert drawn(captured) == tree("""
        LangGraph [graph] error
          broken [node] error
    """)
    assert captured.named("LangGraph")["error"] == "nothing there"


def test_async_nodes_side_by_side_keep_their_own_calls(serve_counted, captured):
    serve_counted(*(Rule(Reply(f"reply to {name}"), contains=name) for name in ("left", "right")))
    model = chat_model()

    def node(name):
        async def ask(state):
            await asyncio.sleep(0)
            return {"words": [(await model.ainvoke(name)).content]}

        return ask

    graph = StateGraph(Words)
    for name in ("left", "right"):
        graph.add_node(name, node(name))
        graph.add_edge(START, name)
    run(graph.compile(name="sides").ainvoke({"words": []}))
    assert drawn(captured) == tree("""
        sides [graph]
          left [node]
            chat gpt-4o-mini [llm.chat]
          right [node]
            chat gpt-4o-mini [llm.chat]
    """)
    for name in ("left", "right"):
        (call,) = captured.children(captured.named(name))
        assert call["output"]["messages"][0]["content"] == f"reply to {name}"
