"""What the end of a run records, and what a run says while it is under way."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from mutagent.capture.plain import as_list, read_str
from mutagent.capture.snapshot import snapshot
from mutagent.integrations.bridge import Run
from mutagent.integrations.langchain.runs import bridge, threads
from mutagent.integrations.specs.langchain import graph, kinds, models, values

FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"


def model_answers(id: Any) -> None:
    """A piece of a streamed answer is on its way to whoever reads the stream: from here on that code runs."""
    run = bridge.runs.get(id)
    if run is None or run.notes.answered:
        return
    run.notes.answered = True
    run.span.attributes.setdefault(FIRST_CHUNK, (perf_counter_ns() - run.span.start_tick) / 1e9)
    bridge.leave(run)


def model_ended(id: Any, result: Any, error: BaseException | None = None) -> None:
    """A model's run is over; ``result`` is what there is of an answer."""
    run = bridge.pop(id)
    if run is None:
        return
    if result is not None:
        models.fill_gaps(run.span, models.response(result), run.notes.metadata, run.tracer.capture_outputs)
    if error is None:
        run.span.attributes.pop("error.type", None)
    _finish(run, error)


def tool_ended(id: Any, output: Any) -> None:
    """A tool returned; one that handled its own failure says so in its message."""
    run = bridge.pop(id)
    if run is None:
        return
    if values.is_message(output):
        call_id = read_str(output, "tool_call_id")
        if call_id is not None:
            run.span.attributes.setdefault("gen_ai.tool.call.id", call_id)
        if read_str(output, "status") == "error":
            run.span.status = "error"
            run.span.status_message = read_str(output, "content")
    if run.tracer.capture_outputs:
        run.span.output = values.io(output)
    _finish(run, None)


def retriever_ended(id: Any, found: Any) -> None:
    """A retriever answered."""
    run = bridge.pop(id)
    if run is not None:
        run.span.attributes["mutagent.retrieval.hits"] = len(as_list(found))
        if run.tracer.capture_outputs:
            run.span.output = values.documents(found)
        _finish(run, None)


def runnable_ended(id: Any, output: Any, late_input: Any) -> None:
    """A chain, a graph or a node returned."""
    run = bridge.pop(id)
    if run is None or not run.shown:
        return
    _record_late_input(run, late_input)
    if run.tracer.capture_outputs:
        run.span.output = values.io(output)
    _finish(run, None)


def failed(id: Any, error: BaseException, late_input: Any = None) -> None:
    """A run was left with an exception: a failure, a graph's control flow, or a reader who had enough."""
    run = bridge.pop(id)
    if run is None:
        return
    if graph.control_flow(error) == "interrupt":
        _mark_interrupted(run)
    if not run.shown:
        return
    _record_late_input(run, late_input)
    _finish(run, error)
    if run.is_root and not isinstance(error, (Exception, GeneratorExit)):
        bridge.cancel(run, error)


def _record_late_input(run: Run, late_input: Any) -> None:
    if run.notes.late_input and late_input is not None and run.tracer.capture_inputs:
        run.span.input = values.io(late_input)


def _finish(run: Run, error: BaseException | None) -> None:
    span, notes = run.span, run.notes
    flow = None if error is None else graph.control_flow(error)
    if flow is not None:
        assert error is not None
        _record_flow(run, flow, error)
    elif isinstance(error, GeneratorExit):
        span.attributes.setdefault("mutagent.stream.outcome", "closed")
    if flow is not None or isinstance(error, GeneratorExit):
        error = None
    if notes.interrupted:
        span.attributes["langgraph.interrupted"] = True
    if notes.thread is not None:
        threads.ran(notes.thread, span.trace_id)
    if error is None and span.status == "unset":
        span.status = "ok"
    bridge.finish(run, error)


def _mark_interrupted(run: Run) -> None:
    """The run and what it stands in, up to its graph, which may be in another graph that goes on."""
    run.notes.interrupted = True
    above = run.parent
    while above is not None:
        above.notes.interrupted = True
        if above.shown and above.notes.kind in kinds.GRAPH_KINDS:
            return
        above = above.parent


def _record_flow(run: Run, flow: str, error: BaseException) -> None:
    asked = {"raw": values.Values().take(graph.payload(error))} if run.tracer.capture_outputs else None
    run.span.attributes["langgraph.control_flow"] = flow
    if run.span.output is None:
        run.span.output = asked


def happened(id: Any, name: str, details: Any) -> None:
    """Something that a run reports while it is under way."""
    run = bridge.runs.get(id)
    if run is not None:
        run.span.add_event(name, None if details is None else {"data": snapshot(details)})


def is_agent(id: Any) -> None:
    """A run has decided on an action: it is an agent's."""
    run = bridge.runs.get(id)
    if run is not None and run.shown and run.notes.kind == "chain":
        run.notes.kind = run.span.kind = "agent"


def interrupted(id: Any) -> None:
    """LangGraph says that a graph has stopped before or after a node."""
    run = bridge.runs.get(id)
    if run is not None:
        run.notes.interrupted = True
