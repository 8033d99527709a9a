"""Trace LangGraph: ``graph.invoke(..., config={"callbacks": [MutagentCallbackHandler()]})``.

Under auto mode nothing is to be passed: a handler is installed for every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutagent.guard import guarded
from mutagent.integrations import langchain
from mutagent.integrations.langchain import ends

__all__ = ["MutagentCallbackHandler"]

if TYPE_CHECKING:
    _LifecycleHandler = langchain.MutagentCallbackHandler
else:
    try:
        from langgraph.callbacks import GraphCallbackHandler as _Lifecycle

        class _LifecycleHandler(langchain.MutagentCallbackHandler, _Lifecycle):
            pass

    except ImportError:  # since LangGraph 1.1; before that nobody calls on_interrupt
        _LifecycleHandler = langchain.MutagentCallbackHandler


class MutagentCallbackHandler(_LifecycleHandler):
    """The handler of :mod:`mutagent.integrations.langchain`, which LangGraph tells of interrupts as well."""

    def on_interrupt(self, event: Any) -> None:
        """A graph has stopped to be resumed."""
        guarded("langgraph: interrupt", ends.interrupted, getattr(event, "run_id", None))

    def on_resume(self, event: Any) -> None:
        """A graph goes on where it stopped: its start has said so."""
