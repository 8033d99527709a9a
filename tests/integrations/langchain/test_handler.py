"""The documented handler: given by the program, shared, and together with auto mode."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from mutagent.auto import hooks
from mutagent.integrations import langchain, langgraph
from mutagent.integrations.langchain.runs import bridge
from mutagent.testing import capture
from mutagent.tracing import session
from tests.integrations.langchain.agents import MODEL_NODE
from tests.integrations.langchain.counting import recorded_tokens
from tests.integrations.langchain.drawing import drawn, tree
from tests.integrations.langchain.loop import run
from tests.integrations.langchain.models import chat_model
from tests.integrations.langchain.test_agents import ANSWER, BOTH, QUESTION, guide
from tests.integrations.langchain.test_graphs import graph_of

ECHO = tree("""
    RunnableSequence [chain]
      ChatPromptTemplate [chain]
      chat gpt-4o-mini [llm.chat]
      StrOutputParser [chain]
""")
HANDLERS = [langchain.MutagentCallbackHandler, langgraph.MutagentCallbackHandler]


@pytest.fixture
def alone():
    """Spans without auto mode."""
    with capture() as spans:
        yield spans


def echo_chain():
    return ChatPromptTemplate.from_template("{word}") | chat_model(stream_usage=True) | StrOutputParser()


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_in_the_config_traces_the_run(serve_counted, alone, handler):
    provider = serve_counted()
    assert echo_chain().invoke({"word": "hi"}, config={"callbacks": [handler()]}) == "You said: hi"
    assert drawn(alone) == ECHO
    assert recorded_tokens(alone) == provider.sent


def test_a_handler_given_to_a_constructor_traces_that_object(serve_counted, alone):
    serve_counted()
    chain = ChatPromptTemplate.from_template("{word}") | chat_model(callbacks=[langchain.MutagentCallbackHandler()])
    chain.invoke({"word": "hi"})
    assert drawn(alone) == "chat gpt-4o-mini [llm.chat]"


def test_without_a_handler_nothing_is_traced(serve_counted, alone):
    serve_counted()
    echo_chain().invoke({"word": "hi"})
    assert alone.spans == []


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_and_auto_mode_together_give_one_span_a_run(serve_counted, captured, handler):
    provider = serve_counted(BOTH, ANSWER)
    mine = handler(session_id="s-1")
    guide().invoke(QUESTION, config={"callbacks": [mine, handler()]})
    assert drawn(captured) == tree(f"""
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
    assert recorded_tokens(captured) == sorted(provider.sent)
    (trace,) = captured.traces.values()
    assert trace["sessionId"] == "s-1"


def test_eight_runs_at_once_with_one_handler_are_eight_whole_trees(serve_counted, alone):
    provider = serve_counted()
    chain, handler = echo_chain(), langchain.MutagentCallbackHandler()

    def call(word):
        return chain.invoke({"word": word}, config={"callbacks": [handler]})

    words = [f"word{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, words)) == [f"You said: {word}" for word in words]
    assert drawn(alone) == "\n".join([ECHO] * 8)
    assert recorded_tokens(alone) == sorted(provider.sent)
    for root in alone.children(None):
        below = alone.children(root)
        assert {span["traceId"] for span in below} == {root["traceId"]}
        assert below[1]["input"]["messages"][0]["content"] == root["input"]["raw"]["word"]


def test_a_handler_says_whom_its_runs_are_for(serve_counted, alone):
    serve_counted()
    handler = langchain.MutagentCallbackHandler("s-1", "u-1", ["beta"], {"release": "7"})
    config = {"callbacks": [handler], "configurable": {"thread_id": "t-1"}}
    graph_of(("only", lambda state: {})).invoke({"words": []}, config)
    (trace,) = alone.traces.values()
    assert trace["sessionId"] == "s-1"
    metadata = trace["metadata"]
    assert (metadata["user.id"], metadata["tags"], metadata["release"]) == ("u-1", ["beta"], "7")


def test_a_handler_adds_to_the_session_of_the_program(serve_counted, alone):
    serve_counted()
    with session("s-1", tags=["outer"]):
        echo_chain().invoke({"word": "hi"}, {"callbacks": [langchain.MutagentCallbackHandler(tags=["inner"])]})
    (trace,) = alone.traces.values()
    assert (trace["sessionId"], trace["metadata"]["tags"]) == ("s-1", ["outer", "inner"])


def test_tags_given_as_one_string_are_refused():
    with pytest.raises(ValueError, match="tags must be a list of strings"):
        langchain.MutagentCallbackHandler(tags="beta")


def test_internal_steps_are_shown_when_asked_for(serve_counted, alone):
    serve_counted()
    inner = echo_chain()

    def node(state):
        return {"words": [inner.invoke({"word": "hi"})]}

    config = {"callbacks": [langchain.MutagentCallbackHandler(internal_steps=True)]}
    graph_of(("work", node)).invoke({"words": []}, config)
    assert drawn(alone) == tree("""
        LangGraph [graph]
          work [node]
            RunnableSequence [chain]
              ChatPromptTemplate [chain]
              chat gpt-4o-mini [llm.chat]
              StrOutputParser [chain]
    """)


def test_internal_steps_are_shown_under_auto_mode_where_the_environment_says_so(serve_counted, monkeypatch):
    monkeypatch.setenv("MUTAGENT_INTERNAL_STEPS", "1")
    hooks.install()
    try:
        with capture() as captured:
            (RunnableLambda(str) | (RunnableLambda(len) | RunnableLambda(str, name="last"))).invoke(7)
            graph_of(("work", RunnableLambda(lambda state: {}, name="work"))).invoke({"words": []})
    finally:
        hooks.uninstall()
    assert "    work [chain]" in drawn(captured)


def test_what_is_captured_obeys_the_settings(serve_counted):
    serve_counted(BOTH, ANSWER)
    with capture(capture_inputs=False, capture_outputs=False) as captured:
        guide().invoke(QUESTION, config={"callbacks": [langchain.MutagentCallbackHandler()]})
        list(guide().stream(QUESTION, config={"callbacks": [langchain.MutagentCallbackHandler()]}))
    assert len(captured.spans) == 18
    assert not [span["name"] for span in captured.spans if "input" in span or "output" in span]
    assert "Oslo" not in str(captured.spans)


def test_a_run_that_is_never_ended_is_given_up_and_its_root_is_whole(alone):
    handler, root, child = langchain.MutagentCallbackHandler(), uuid4(), uuid4()
    handler.on_chain_start(None, {"a": 1}, run_id=root, name="root")
    handler.on_tool_start({"name": "lost"}, "x", run_id=child, parent_run_id=root)
    handler.on_chain_end({"b": 2}, run_id=root)
    assert [span["name"] for span in alone.spans] == ["root"]
    handler.on_tool_end("late, but there", run_id=child)
    assert drawn(alone) == "root [chain]\n  lost [tool]"
    assert not bridge.runs


def test_ends_of_unknown_runs_are_ignored(alone):
    handler = langchain.MutagentCallbackHandler()
    handler.on_chain_end({}, run_id=uuid4())
    handler.on_llm_error(ValueError("x"), run_id=uuid4())
    handler.on_llm_new_token("x", run_id=uuid4())
    handler.on_chain_start(None, {}, run_id=None)
    assert alone.spans == []


def test_events_that_a_run_reports_stand_on_its_span(serve_counted, captured):
    from langchain_core.callbacks import dispatch_custom_event

    @tool
    def count(limit: int) -> int:
        """Counts."""
        dispatch_custom_event("progress", {"done": limit})
        return limit

    count.invoke({"limit": 3})
    (span,) = captured.spans
    (event,) = span["events"]
    assert (event["name"], event["attributes"]) == ("progress", {"data": {"done": 3}})


def test_uninstalled_nothing_is_traced_and_langchain_is_as_before(serve_counted, alone):
    from langchain_core.tracers import context

    serve_counted()
    before = list(context._configure_hooks)
    hooks.install()
    chain = echo_chain()
    chain.invoke({"word": "hi"})
    assert drawn(alone) == ECHO
    hooks.uninstall()
    alone.spans.clear()
    chain.invoke({"word": "hi"})
    run(chain.ainvoke({"word": "hi"}))
    assert alone.spans == []
    assert context._configure_hooks == before
