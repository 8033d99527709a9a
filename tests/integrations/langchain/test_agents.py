"""Ready-made agents that call tools."""

from __future__ import annotations

import sys
from importlib.metadata import version

import pytest
from langchain_core.tools import tool

from mutagent.demo.provider import Reply, Rule, ToolCall
from mutagent.tracing import trace
from tests.integrations.langchain.agents import MODEL_NODE, make_agent
from tests.integrations.langchain.counting import recorded_tokens
from tests.integrations.langchain.drawing import assert_one_trace, drawn, tree
from tests.integrations.langchain.loop import run
from tests.integrations.langchain.models import chat_model

QUESTION = {"messages": [("user", "How is it in Oslo and Rome?")]}
BOTH = Rule(Reply(tools=[ToolCall("weather", {"city": "Oslo"}), ToolCall("clock", {"city": "Rome"})]), role="user")
ANSWER = Rule(Reply("Cold, and late."), role="tool")
AGENT = tree(f"""
    guide [agent]
      {MODEL_NODE} [node]
        chat gpt-4o-mini [llm.chat]
      tools [node]
        clock [tool]
      tools [node]
        weather [tool]
      {MODEL_NODE} [node]
        chat gpt-4o-mini [llm.chat]
""")


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"cold in {city}"


@tool
def clock(city: str) -> str:
    """The time in a city."""
    return f"late in {city}"


def guide(**options):
    return make_agent(chat_model(stream_usage=True), [weather, clock], name="guide", **options)


def called(agent):
    return agent.invoke(QUESTION)["messages"][-1].content


def awaited(agent):
    async def ask():
        return (await agent.ainvoke(QUESTION))["messages"][-1].content

    return run(ask())


def streamed(agent):
    *_, last = agent.stream(QUESTION, stream_mode="values")
    return last["messages"][-1].content


def token_by_token(agent):
    async def read():
        pieces = [
            piece.content
            async for mode, (piece, _) in agent.astream(QUESTION, stream_mode=["messages"])
            if mode == "messages" and type(piece).__name__ == "AIMessageChunk"
        ]
        return "".join(pieces)

    return run(read())


def as_events(agent):
    async def read():
        events = [event async for event in agent.astream_events(QUESTION, version="v2")]
        return events[-1]["data"]["output"]["messages"][-1].content

    return run(read())


# Without tracing as well: from 1.0 on LangGraph hands tokens of async nodes over by the context that a task is given.
NO_TOKENS = pytest.mark.skipif(
    sys.version_info < (3, 11) and version("langgraph") >= "1", reason="LangGraph streams no tokens of async nodes here"
)
WAYS = [called, awaited, streamed, pytest.param(token_by_token, marks=NO_TOKENS), as_events]


@pytest.mark.parametrize("way", WAYS)
def test_an_agent_with_two_tools_at_once_is_one_tree_however_it_is_called(serve_counted, captured, way):
    provider = serve_counted(BOTH, ANSWER)
    assert way(guide()) == "Cold, and late."
    assert drawn(captured) == AGENT
    assert_one_trace(captured)
    assert recorded_tokens(captured) == sorted(provider.sent)
    assert len(provider.sent) == 2


def test_a_tool_records_its_arguments_its_result_and_the_call_that_asked_for_it(serve_counted, captured):
    serve_counted(BOTH, ANSWER)
    guide().invoke(QUESTION)
    called_tool = captured.named("weather")
    first_answer = min((s for s in captured.spans if s["kind"] == "llm.chat"), key=lambda s: s["startTime"])
    asked = {call["name"]: call["id"] for call in first_answer["output"]["messages"][0]["toolCalls"]}
    assert called_tool["input"] == {"raw": {"city": "Oslo"}}
    assert called_tool["output"] == {
        "messages": [{"role": "tool", "content": "cold in Oslo", "name": "weather", "toolCallId": asked["weather"]}]
    }
    attributes = called_tool["attributes"]
    assert attributes["gen_ai.tool.name"] == "weather"
    assert attributes["gen_ai.tool.call.id"] == asked["weather"]
    assert attributes["gen_ai.operation.name"] == "execute_tool"


def test_what_a_tool_does_nests_under_it(serve_counted, captured):
    serve_counted(Rule(Reply(tools=[ToolCall("research", {"topic": "cats"})]), tool="research", role="user"), ANSWER)
    model = chat_model()

    @trace(kind="custom")
    def summarise(text):
        return model.invoke(text).content

    @tool
    def research(topic: str) -> str:
        """Read about a topic."""
        model.root_client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": topic}])
        return summarise(topic)

    make_agent(model, [research], name="reader").invoke({"messages": [("user", "cats?")]})
    assert drawn(captured) == tree(f"""
        reader [agent]
          {MODEL_NODE} [node]
            chat gpt-4o-mini [llm.chat]
          tools [node]
            research [tool]
              chat gpt-4o [llm.chat]
              summarise [custom]
                chat gpt-4o-mini [llm.chat]
          {MODEL_NODE} [node]
            chat gpt-4o-mini [llm.chat]
    """)


def test_an_agent_called_by_a_tool_of_another_nests_under_the_tool(serve_counted, captured):
    serve_counted(Rule(Reply(tools=[ToolCall("ask_expert", {"topic": "x"})]), tool="ask_expert", role="user"), ANSWER)
    expert = make_agent(chat_model("gpt-4o"), [], name="expert")

    @tool
    def ask_expert(topic: str) -> str:
        """Ask somebody who knows."""
        return expert.invoke({"messages": [("user", topic)]})["messages"][-1].content

    make_agent(chat_model(), [ask_expert], name="host").invoke({"messages": [("user", "go")]})
    assert drawn(captured) == tree(f"""
        host [agent]
          {MODEL_NODE} [node]
            chat gpt-4o-mini [llm.chat]
          tools [node]
            ask_expert [tool]
              expert [agent]
                {MODEL_NODE} [node]
                  chat gpt-4o [llm.chat]
          {MODEL_NODE} [node]
            chat gpt-4o-mini [llm.chat]
    """)


def test_a_tool_that_raised_is_an_error_and_the_agent_that_goes_on_is_not(serve_counted, captured):
    from langchain_core.messages import AIMessage
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode

    @tool
    def broken(topic: str) -> str:
        """Fails."""
        raise ValueError("no such topic")

    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([broken], handle_tool_errors=True))
    graph.add_edge(START, "tools")
    call = {"name": "broken", "args": {"topic": "x"}, "id": "call_1"}
    graph.compile(name="careful").invoke({"messages": [AIMessage("", tool_calls=[call])]})
    assert drawn(captured) == tree("""
        careful [graph]
          tools [node]
            broken [tool] error
    """)
    assert captured.named("broken")["error"] == "no such topic"
