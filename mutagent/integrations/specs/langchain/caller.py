"""Who announces a run: the code that called LangChain's callback manager.

LangChain's callbacks say the name of a run and nothing of the object that runs. Two facts stand only in the calling
frame: whether it is a generator, which shares its context with whoever reads it, and whether it is a graph's own loop.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import FrameType
from typing import Any

_IN_BETWEEN = ("langchain_core.callbacks", "mutagent.", "langchain_core.tracers")
_GRAPH_LOOP = "langgraph.pregel"
# A node's steps run in a task or a thread of their own: whatever the frame is, nobody else works in their context.
_NODE_STEPS = ("langgraph._internal.", "langgraph.utils.")
# https://github.com/langchain-ai/langchain/blob/master/libs/core/langchain_core/runnables/fallbacks.py: `invoke`
# makes a config for its children and calls them with its own.
_FALLBACKS = "langchain_core.runnables.fallbacks"
# Modules whose functions are the nodes of ready-made agents.
_AGENT_FACTORIES = frozenset({"langchain.agents.factory", "langgraph.prebuilt.chat_agent_executor"})


@dataclass(frozen=True, slots=True)
class Graph:
    """What a compiled graph says of itself.

    ``function`` is the entrypoint's name where the graph was made of one function.
    """

    is_agent: bool = False
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a run was announced.

    ``shares_context`` says that code outside the run works in the same context while the run is open; ``graph`` is
    what runs, where it is a graph; ``hands_on_callbacks`` says that it gives its own callbacks to its steps, who then
    take its parent for theirs.
    """

    shares_context: bool = False
    graph: Graph | None = None
    hands_on_callbacks: bool = False


_UNKNOWN = Caller()


def find() -> Caller:
    """The code that announces the run whose callback is being served."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _module(frame).startswith(_IN_BETWEEN):
        frame = frame.f_back
    if frame is None:
        return _UNKNOWN
    if _module(frame).startswith(_GRAPH_LOOP):
        return Caller(_is_generator(frame), _graph(frame.f_locals.get("self")))
    shares_context = not _module(frame).startswith(_NODE_STEPS) and (_is_generator(frame) or _is_batch(frame))
    return Caller(shares_context, None, _module(frame) == _FALLBACKS)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_generator(frame: FrameType) -> bool:
    return bool(frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR))


def _is_batch(frame: FrameType) -> bool:
    # The runs of a batch begin in one loop, before any of them does anything; a comprehension is a frame until 3.12.
    if frame.f_code.co_name.startswith("<") and frame.f_back is not None:
        frame = frame.f_back
    return "batch" in frame.f_code.co_name


def _graph(graph: Any) -> Graph:
    nodes = getattr(graph, "nodes", None)
    if type(nodes) is not dict:
        return Graph()
    # Graphs of nodes are compiled state graphs; a bare loop with a single node is an @entrypoint.
    is_function = type(graph).__name__ == "Pregel" and len(nodes) == 1
    return Graph(_is_agent(graph, nodes), next(iter(nodes)) if is_function else None)


def _is_agent(graph: Any, nodes: dict[str, Any]) -> bool:
    bound = (getattr(graph, "config", None) or {}).get("metadata") or {}
    if bound.get("ls_integration") == "langchain_create_agent":
        return True
    return any(_maker(node) in _AGENT_FACTORIES for node in nodes.values())


def _maker(node: Any) -> str | None:
    step = getattr(node, "bound", None)
    function = getattr(step, "func", None) or getattr(step, "afunc", None)
    return getattr(function, "__module__", None)
