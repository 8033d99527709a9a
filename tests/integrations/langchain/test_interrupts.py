"""A person in the loop: graphs that stop, and that go on in another run."""

from __future__ import annotations

import operator
import sys
from typing import Annotated, TypedDict

import pytest
from langchain_core.tools import tool
from langgraph.func import entrypoint
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from mutagent.demo.provider import Reply, Rule, ToolCall
from mutagent.integrations.langgraph import MutagentCallbackHandler
from tests.integrations.langchain.agents import MODEL_NODE, InMemorySaver, make_agent
from tests.integrations.langchain.drawing import drawn, tree
from tests.integrations.langchain.loop import run

THREAD = {"configurable": {"thread_id": "t-1"}}


class Words(TypedDict):
    """A state that collects words."""

    words: Annotated[list[str], operator.add]


def approve(state):
    return {"words": [interrupt({"question": "May I?"})]}


def send(state):
    return {"words": ["sent"]}


def mailer(**options):
    graph = StateGraph(Words)
    graph.add_node("approve", approve)
    graph.add_node("send", send)
    graph.add_edge(START, "approve")
    graph.add_edge("approve", "send")
    return graph.compile(name="mailer", **options)


BEFORE = tree("""
    mailer [graph]
      approve [node]
""")
AFTER = tree("""
    mailer [graph]
      approve [node]
      send [node]
""")


def roots(captured):
    return captured.children(None)


def test_an_interrupted_graph_has_not_failed_and_its_resumption_says_what_it_resumes(captured):
    graph = mailer(checkpointer=InMemorySaver())
    graph.invoke({"words": []}, THREAD)
    assert graph.invoke(Command(resume="yes"), THREAD)["words"] == ["yes", "sent"]
    assert drawn(captured) == f"{BEFORE}\n{AFTER}"
    first, second = roots(captured)
    assert first["attributes"]["langgraph.interrupted"] is True
    assert "langgraph.resumed_trace_id" not in first["attributes"]
    assert second["attributes"]["langgraph.resumed_trace_id"] == first["traceId"]
    assert "langgraph.interrupted" not in second["attributes"]
    (asked,) = captured.children(first)
    assert asked["output"] == {"raw": [{"question": "May I?"}]}
    assert asked["attributes"]["langgraph.control_flow"] == "interrupt"
    assert {captured.traces[span["traceId"]]["sessionId"] for span in (first, second)} == {"t-1"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="LangGraph needs Python 3.11 to interrupt async graphs")
def test_the_same_in_an_async_stream(captured):
    graph = mailer(checkpointer=InMemorySaver())

    async def read(given):
        return [part async for part in graph.astream(given, THREAD)]

    assert "__interrupt__" in run(read({"words": []}))[-1]
    assert run(read(Command(resume="yes")))[-1] == {"send": {"words": ["sent"]}}
    assert drawn(captured) == f"{BEFORE}\n{AFTER}"
    first, second = roots(captured)
    assert second["attributes"]["langgraph.resumed_trace_id"] == first["traceId"]


def test_each_resumption_points_to_the_run_before_it(captured):
    graph = mailer(checkpointer=InMemorySaver(), interrupt_before=["send"])
    graph.invoke({"words": []}, THREAD)
    graph.invoke(Command(resume="yes"), THREAD)
    assert graph.invoke(None, THREAD)["words"] == ["yes", "sent"]
    first, second, third = roots(captured)
    assert second["attributes"]["langgraph.resumed_trace_id"] == first["traceId"]
    assert third["attributes"]["langgraph.resumed_trace_id"] == second["traceId"]


def test_new_input_on_the_same_thread_resumes_nothing(captured):
    graph = mailer(checkpointer=InMemorySaver())
    graph.invoke({"words": []}, THREAD)
    graph.invoke({"words": ["again"]}, THREAD)
    assert all("langgraph.resumed_trace_id" not in root["attributes"] for root in roots(captured))


def test_a_stop_before_a_node_is_told_to_a_handler_that_was_passed(captured):
    pytest.importorskip("langgraph.callbacks")
    graph = mailer(checkpointer=InMemorySaver(), interrupt_before=["approve"])
    graph.invoke({"words": []}, {**THREAD, "callbacks": [MutagentCallbackHandler()]})
    (root,) = captured.spans
    assert root["attributes"]["langgraph.interrupted"] is True


def test_an_interrupt_within_a_subgraph_interrupts_all_around_it(captured):
    graph = StateGraph(Words)
    graph.add_node("mail", mailer())
    graph.add_edge(START, "mail")
    outer = graph.compile(name="office", checkpointer=InMemorySaver())
    outer.invoke({"words": []}, THREAD)
    outer.invoke(Command(resume="yes"), THREAD)
    assert drawn(captured) == tree("""
        office [graph]
          mail [node]
            mailer [graph]
              approve [node]
        office [graph]
          mail [node]
            mailer [graph]
              approve [node]
              send [node]
    """)
    first, second = roots(captured)
    assert second["attributes"]["langgraph.resumed_trace_id"] == first["traceId"]
    interrupted = [span for span in captured.spans if span["attributes"].get("langgraph.interrupted")]
    assert [span["name"] for span in interrupted] == ["approve", "mailer", "mail", "office"]
    assert {span["traceId"] for span in interrupted} == {first["traceId"]}


def test_a_graph_that_handles_the_interrupt_of_another_is_not_interrupted(captured):
    inner = mailer(checkpointer=InMemorySaver())

    def ask(state):
        inner.invoke({"words": []}, {"configurable": {"thread_id": "inner"}})
        return {"words": ["asked"]}

    graph = StateGraph(Words)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    graph.compile(name="outer").invoke({"words": []})
    assert drawn(captured) == tree("""
        outer [graph]
          ask [node]
            mailer [graph]
              approve [node]
    """)
    assert "langgraph.interrupted" not in captured.named("outer")["attributes"]
    assert captured.named("mailer")["attributes"]["langgraph.interrupted"] is True


def test_an_interrupt_within_a_tool_is_no_error_of_the_tool(serve_counted, captured):
    from tests.integrations.langchain.models import chat_model

    @tool
    def ask_human(question: str) -> str:
        """Ask a person."""
        return interrupt(question)

    serve_counted(
        Rule(Reply(tools=[ToolCall("ask_human", {"question": "ok?"})]), role="user"), Rule(Reply("Good."), role="tool")
    )
    agent = make_agent(chat_model(), [ask_human], name="careful", checkpointer=InMemorySaver())
    agent.invoke({"messages": [("user", "go")]}, THREAD)
    assert agent.invoke(Command(resume="ok"), THREAD)["messages"][-1].content == "Good."
    assert drawn(captured) == tree(f"""
        careful [agent]
          {MODEL_NODE} [node]
            chat gpt-4o-mini [llm.chat]
          tools [node]
            ask_human [tool]
        careful [agent]
          tools [node]
            ask_human [tool]
          {MODEL_NODE} [node]
            chat gpt-4o-mini [llm.chat]
    """)
    first, second = roots(captured)
    assert second["attributes"]["langgraph.resumed_trace_id"] == first["traceId"]


def test_an_interrupted_function_is_interrupted_too(captured):
    @entrypoint(checkpointer=InMemorySaver())
    def signing(name):
        return f"{name}: {interrupt('sign?')}"

    signing.invoke("contract", THREAD)
    assert signing.invoke(Command(resume="signed"), THREAD) == "contract: signed"
    assert drawn(captured) == "signing [graph]\nsigning [graph]"
    first, second = roots(captured)
    assert first["attributes"]["langgraph.interrupted"] is True
    assert second["attributes"]["langgraph.resumed_trace_id"] == first["traceId"]
