"""What a run of a runnable is: a graph, an agent, a node, a chain, or plumbing that says nothing of the program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mutagent.capture.plain import read_str
from mutagent.integrations.specs.langchain.caller import Caller

# Compositions that LangChain names after their class, because the program gave them no name.
_COMPOSITIONS = frozenset({"RunnableSequence", "RunnablePassthrough"})
_INTERNAL = ("ChannelWrite<", "ChannelRead<", "Branch<", "_write", "__")
_HIDDEN_TAG = "langsmith:hidden"
# Steps and edges of a ready-made agent within its nodes, as `create_react_agent` and `create_agent` name them.
_AGENT_STEPS = frozenset({
    "call_model", "Prompt", "should_continue", "post_model_hook_router", "route_tool_responses",
    "model_to_tools", "tools_to_model", "model_to_model", "jump_edge",
})  # fmt: skip
# Tags by which LangChain numbers the steps of its compositions.
_STEP_TAGS = ("seq:step:", "map:key:", "graph:step:", "branch:", "condition:", "langsmith:", "langgraph:")
GRAPH_KINDS = ("graph", "agent")


@dataclass(slots=True)
class Notes:
    """What is known of an open run beside its span.

    ``node`` is LangGraph's node that it belongs to; ``function`` the only node of an ``@entrypoint``; ``in_agent`` says
    that the nearest graph is a ready-made agent; ``surrounding`` is the session that was current where it began;
    ``hands_on_callbacks`` says that what runs within it is announced as standing beside it.
    """

    kind: str
    name: str
    node: str | None = None
    function: str | None = None
    in_agent: bool = False
    tags: frozenset[str] = frozenset()
    metadata: dict[str, Any] = field(default_factory=dict)
    surrounding: Any = None
    thread: str | None = None
    late_input: bool = False
    hands_on_callbacks: bool = False
    interrupted: bool = False
    answered: bool = False


def runnable(name: str, metadata: dict[str, Any], tags: frozenset[str], above: Notes | None, caller: Caller) -> Notes:
    """What a run of a runnable is, by its name, its metadata and the run above it."""
    node = read_str(metadata, "langgraph_node")
    notes = Notes("chain", name, node, tags=tags, metadata=metadata, in_agent=above is not None and above.in_agent)
    notes.hands_on_callbacks = caller.hands_on_callbacks
    if caller.graph is not None:
        notes.kind, notes.in_agent = ("agent", True) if caller.graph.is_agent else ("graph", False)
        notes.function = caller.graph.function
        if notes.function is not None and name == "LangGraph":
            notes.name = notes.function
    elif name == "AgentExecutor":
        notes.kind = "agent"
    elif node is not None and name == node and (above is None or above.kind in GRAPH_KINDS or above.node != node):
        notes.kind = "node"
    return notes


def is_plumbing(notes: Notes, above: Notes) -> bool:
    """Whether a run within another one says nothing that the program has said."""
    if _HIDDEN_TAG in notes.tags or notes.name.startswith(_INTERNAL):
        return True
    if notes.kind == "node":
        return notes.name == above.function
    if notes.kind != "chain":
        return False
    # A node made of a runnable of the same name.
    if notes.name in _COMPOSITIONS or (notes.name == notes.node == above.name and above.kind == "node"):
        return True
    if notes.name.startswith("RunnableParallel<") and above.name.startswith("RunnableAssign<"):
        return True
    return notes.in_agent and notes.name in _AGENT_STEPS


def own_tags(tags: Any) -> frozenset[str]:
    """A run's tags without the numbers of steps."""
    found = tags if type(tags) is list else ()
    return frozenset(
        tag for tag in found if type(tag) is str and (tag == _HIDDEN_TAG or not tag.startswith(_STEP_TAGS))
    )
