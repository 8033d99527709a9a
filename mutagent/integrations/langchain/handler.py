"""The callback handler."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.callbacks.base import BaseCallbackHandler

from mutagent.config import read_variable
from mutagent.guard import guarded
from mutagent.integrations.langchain import ends, starts
from mutagent.integrations.langchain.runs import Announced, Options, bridge
from mutagent.integrations.specs.langchain.values import name_of


class MutagentCallbackHandler(BaseCallbackHandler):
    """A LangChain callback handler that turns each run into a span.

    One handler may be shared by any number of runs and threads. Where several handlers see a run, it has one span.

    Args:
        session_id: the conversation's id, over a surrounding :func:`mutagent.session` and over LangGraph's thread.
        user_id: whom the runs are for.
        tags: labels of the traces.
        metadata: values of the traces, by name.
        internal_steps: show LangChain's own steps too, such as a sequence within a node; else
            ``MUTAGENT_INTERNAL_STEPS``, else False.

    Raises:
        ValueError: for ``tags`` given as one string.
    """

    # In the same thread and task as the run: what is current there is what the run's own calls nest under.
    run_inline = True
    raise_error = False

    def __init__(
        self,
        session_id: str | None = None,
        user_id: str | None = None,
        tags: Iterable[str] = (),
        metadata: dict[str, Any] | None = None,
        *,
        internal_steps: bool | None = None,
    ) -> None:
        super().__init__()
        if isinstance(tags, str):
            raise ValueError(f"tags must be a list of strings, got the string {tags!r}.")
        if internal_steps is None:
            internal_steps = bool(guarded("langchain: settings", read_variable, "MUTAGENT_INTERNAL_STEPS", os.environ))
        self._options = Options(session_id, user_id, tuple(tags), metadata, internal_steps)
        self._on = True
        self._trace_classes()

    def _trace_classes(self) -> None:
        """Trace what LangChain has no callbacks for, within the runs."""
        from mutagent.integrations.langchain.classes import trace_within_runs

        guarded("langchain: embeddings", trace_within_runs)

    def switch_off(self) -> None:
        """Record no more runs; those under way are still ended."""
        self._on = False

    def _announced(self, serialized: Any, known: dict[str, Any], default: str = "") -> Announced | None:
        """The run that starts; None where another handler has it already, or this one is off."""
        id = known.get("run_id")
        if not self._on or id is None or id in bridge.runs:
            return None
        name = known.get("name") or default or name_of(serialized) or ""
        return Announced(id, known.get("parent_run_id"), name, known.get("tags"), known.get("metadata"))

    def _start(self, serialized: Any, known: dict[str, Any], given: Any) -> None:
        run = self._announced(serialized, known)
        if run is not None:
            run.name = run.name or "chain"
            starts.runnable_started(run, given, self._options)

    def _start_model(self, kind: str, known: dict[str, Any], given: Any) -> None:
        run = self._announced(None, known)
        if run is not None:
            params, batch = known.get("invocation_params"), known.get("batch_size")
            starts.model_started(run, kind, given, params, batch, self._options)

    def _start_tool(self, serialized: Any, known: dict[str, Any], text: Any) -> None:
        run = self._announced(serialized, known)
        if run is not None:
            run.name = run.name or "tool"
            description = serialized.get("description") if isinstance(serialized, dict) else None
            call_id = known.get("tool_call_id")
            starts.tool_started(run, text, known.get("inputs"), call_id, description, self._options)

    def _start_retriever(self, serialized: Any, known: dict[str, Any], query: Any) -> None:
        run = self._announced(serialized, known)
        if run is not None:
            run.name = run.name or "retriever"
            starts.retriever_started(run, query, self._options)

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        """A runnable, a graph or a node begins."""
        guarded("langchain: chain start", self._start, serialized, kwargs, inputs)

    def on_chain_end(self, outputs: Any, *, run_id: Any, **kwargs: Any) -> None:
        """It returned."""
        guarded("langchain: chain end", ends.runnable_ended, run_id, outputs, kwargs.get("inputs"))

    def on_chain_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """It raised."""
        guarded("langchain: chain error", ends.failed, run_id, error, kwargs.get("inputs"))

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        """A chat model begins."""
        guarded("langchain: chat start", self._start_model, "llm.chat", kwargs, messages)

    def on_llm_start(self, serialized: Any, prompts: Any, **kwargs: Any) -> None:
        """A text model begins."""
        guarded("langchain: llm start", self._start_model, "llm.completion", kwargs, prompts)

    def on_llm_new_token(self, token: Any, *, run_id: Any, **kwargs: Any) -> None:
        """A piece of a streamed answer."""
        guarded("langchain: token", ends.model_answers, run_id)

    def on_stream_event(self, event: Any, *, run_id: Any, **kwargs: Any) -> None:
        """A piece of an answer streamed as events."""
        guarded("langchain: token", ends.model_answers, run_id)

    def on_llm_end(self, response: Any, *, run_id: Any, **kwargs: Any) -> None:
        """A model answered."""
        guarded("langchain: llm end", ends.model_ended, run_id, response)

    def on_llm_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """A model failed, or its stream was left."""
        guarded("langchain: llm error", ends.model_ended, run_id, kwargs.get("response"), error)

    def on_tool_start(self, serialized: Any, input_str: Any, **kwargs: Any) -> None:
        """A tool is called."""
        guarded("langchain: tool start", self._start_tool, serialized, kwargs, input_str)

    def on_tool_end(self, output: Any, *, run_id: Any, **kwargs: Any) -> None:
        """It returned."""
        guarded("langchain: tool end", ends.tool_ended, run_id, output)

    def on_tool_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """It raised."""
        guarded("langchain: tool error", ends.failed, run_id, error)

    def on_retriever_start(self, serialized: Any, query: Any, **kwargs: Any) -> None:
        """A retriever is asked."""
        guarded("langchain: retriever start", self._start_retriever, serialized, kwargs, query)

    def on_retriever_end(self, documents: Sequence[Any], *, run_id: Any, **kwargs: Any) -> None:
        """It answered."""
        guarded("langchain: retriever end", ends.retriever_ended, run_id, documents)

    def on_retriever_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """It failed."""
        guarded("langchain: retriever error", ends.failed, run_id, error)

    def on_agent_action(self, action: Any, *, run_id: Any, **kwargs: Any) -> None:
        """A classic agent has chosen a tool."""
        guarded("langchain: agent action", ends.is_agent, run_id)

    def on_retry(self, retry_state: Any, *, run_id: Any, **kwargs: Any) -> None:
        """A run tries again."""
        attempt = getattr(retry_state, "attempt_number", None)
        guarded("langchain: retry", ends.happened, run_id, "retry", {"attempt": attempt})

    def on_custom_event(self, name: str, data: Any, *, run_id: Any, **kwargs: Any) -> None:
        """A run reports something of its own."""
        guarded("langchain: custom event", ends.happened, run_id, name, data)
