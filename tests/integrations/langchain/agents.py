"""What the tested versions call differently."""

from __future__ import annotations

from typing import Any

try:
    from langchain.agents import create_agent as _create

    # The node in which the ready-made agent calls its model.
    MODEL_NODE = "model"
except ImportError:
    from langgraph.prebuilt import create_react_agent as _create

    MODEL_NODE = "agent"

try:
    from langgraph.checkpoint.memory import InMemorySaver
except ImportError:
    from langgraph.checkpoint.memory import MemorySaver as InMemorySaver

__all__ = ["MODEL_NODE", "InMemorySaver", "make_agent"]


def make_agent(model: Any, tools: list[Any], **options: Any) -> Any:
    """A ready-made tool-calling agent."""
    return _create(model, tools, **options)
