"""What the start of a run records, by what runs."""

from __future__ import annotations

from functools import partial
from typing import Any

from mutagent.capture.plain import loaded, read_str
from mutagent.capture.snapshot import snapshot
from mutagent.integrations.bridge import Run
from mutagent.integrations.langchain.runs import Announced, Options, begin, bridge, threads
from mutagent.integrations.specs.langchain import caller, graph, kinds, models, values
from mutagent.integrations.specs.langchain.kinds import Notes

# What a streaming chain announces in place of an input that it has yet to read.
_NO_INPUT_YET = {"input": ""}
_OPERATIONS = {"agent": "invoke_agent", "graph": "invoke_workflow"}
_NAMED_BY = {"agent": "gen_ai.agent.name", "graph": "gen_ai.workflow.name"}


def runnable_started(run: Announced, given: Any, options: Options) -> None:
    """A chain, a graph or a node begins."""
    where = caller.find()
    notes = kinds.runnable(run.name, run.metadata, run.tags, run.above, where)
    if run.parent is not None and not options.internal_steps and kinds.is_plumbing(notes, run.parent.notes):
        # Whatever runs within it has the parent's span above it, and is to see its parent's kind as well.
        bridge.hide(run.id, run.parent, _seen_through(notes, run.parent.notes))
        return
    attributes: dict[str, Any] = {}
    if notes.kind in _OPERATIONS:
        attributes["gen_ai.operation.name"] = _OPERATIONS[notes.kind]
        attributes[_NAMED_BY[notes.kind]] = notes.name
        _add_thread(run, notes, given, attributes)
    started = begin(run, notes, attributes, options)
    if started is None:
        return
    notes.late_input = given == _NO_INPUT_YET if type(given) is dict else False
    if started.tracer.capture_inputs and not notes.late_input:
        started.span.input = values.io(given)
    bridge.enter(started, partial(_is_within, started) if where.shares_context else None)


def _is_within(run: Run) -> bool | None:
    """Whether the running code belongs to a run, by what LangChain's own variable says; None where it says nothing."""
    variable = loaded("langchain_core.runnables.config", "var_child_runnable_config")
    config = None if variable is None else variable.get()
    if config is None:
        return None
    inner = bridge.runs.get(getattr(config.get("callbacks"), "parent_run_id", None))
    while inner is not None and inner is not run:
        inner = inner.parent
    return inner is run


def _seen_through(notes: Notes, above: Notes) -> Notes:
    notes.kind, notes.surrounding = above.kind, above.surrounding
    if notes.kind == "node":
        notes.name = above.name
    return notes


def _add_thread(run: Announced, notes: Notes, given: Any, attributes: dict[str, Any]) -> None:
    thread = graph.conversation(run.metadata) if "thread_id" in run.metadata else None
    if thread is None:
        return
    attributes["gen_ai.conversation.id"] = thread
    if run.above is not None and run.above.node is not None:
        return  # a graph within a graph: the outer one is resumed
    notes.thread = thread
    last = threads.last(thread) if graph.is_resumption(given) else None
    if last is not None:
        attributes["langgraph.resumed_trace_id"] = last


def model_started(run: Announced, kind: str, given: Any, params: Any, batch: Any, options: Options) -> None:
    """A chat model or a text model is about to send its request."""
    operation = "chat" if kind == "llm.chat" else "text_completion"
    attributes = models.request_attributes(operation, params, run.metadata)
    model = attributes.get("gen_ai.request.model")
    name = run.name or (operation if model is None else f"{operation} {model}")
    size = batch if type(batch) is int else 1
    started = begin(run, Notes(kind, name, read_str(run.metadata, "langgraph_node")), attributes, options, size)
    if started is None:
        return
    started.span.metrics.model = model
    # The patch of the model's client adds to this span what it knows of the request.
    started.span.claim = "text"
    if started.tracer.capture_inputs:
        started.span.input = models.chat_input(given) if kind == "llm.chat" else models.text_input(given)
    bridge.enter(started)


def tool_started(run: Announced, text: Any, given: Any, call_id: Any, description: Any, options: Options) -> None:
    """A tool is called."""
    attributes: dict[str, Any] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": run.name}
    if type(call_id) is str:
        attributes["gen_ai.tool.call.id"] = call_id
    if type(description) is str:
        attributes["gen_ai.tool.description"] = snapshot(description)
    started = begin(run, Notes("tool", run.name, read_str(run.metadata, "langgraph_node")), attributes, options)
    if started is None:
        return
    if started.tracer.capture_inputs:
        started.span.input = {"raw": values.Values().take(given)} if type(given) is dict else values.io(text)
    bridge.enter(started)


def retriever_started(run: Announced, query: Any, options: Options) -> None:
    """A retriever is asked."""
    attributes: dict[str, Any] = {"gen_ai.operation.name": "retrieval"}
    started = begin(run, Notes("retrieval", run.name, read_str(run.metadata, "langgraph_node")), attributes, options)
    if started is None:
        return
    if started.tracer.capture_inputs:
        started.span.input = values.io(query)
        attributes["gen_ai.retrieval.query.text"] = snapshot(query)
    bridge.enter(started)
