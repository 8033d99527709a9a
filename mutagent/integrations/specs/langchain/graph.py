"""What LangGraph says of a run: where in the graph it stands, and how it was left."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from mutagent.capture.plain import is_exactly, read

_PLACES = {
    "langgraph_node": "langgraph.node",
    "langgraph_step": "langgraph.step",
    "thread_id": "langgraph.thread_id",
    "langgraph_checkpoint_ns": "langgraph.checkpoint_ns",
}
# LangSmith's names for a conversation: https://docs.langchain.com/langsmith/threads
_CONVERSATIONS = ("thread_id", "session_id", "conversation_id")
_NOT_THE_USERS = ("langgraph_", "ls_", "lc_", "__", "checkpoint_")
_MAX_THREADS = 1_000


def places(metadata: dict[str, Any]) -> dict[str, Any]:
    """Node, step, thread and checkpoint namespace as attributes."""
    found = {attribute: metadata.get(name) for name, attribute in _PLACES.items()}
    return {attribute: value for attribute, value in found.items() if is_exactly(value, str, int)}


def conversation(metadata: dict[str, Any]) -> str | None:
    """The id of the conversation that a run says it belongs to."""
    for name in _CONVERSATIONS:
        found = metadata.get(name)
        if is_exactly(found, str, int):
            return str(found)
        if found is not None and type(found).__name__ == "UUID":
            return str(found)
    return None


def users_metadata(metadata: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """What the program itself has put into the metadata, without what the run above has said already."""
    return {
        name: value
        for name, value in metadata.items()
        if type(name) is str
        and not name.startswith(_NOT_THE_USERS)
        and name not in _CONVERSATIONS
        and above.get(name, _ABSENT) is not value
    }


_ABSENT: Any = object()


def control_flow(error: BaseException) -> str | None:
    """What an exception that steers a graph stands for: ``interrupt``, ``handoff`` or ``steering``; None for others."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "GraphBubbleUp" not in names:
        return None
    if "GraphInterrupt" in names:
        return "interrupt"
    return "handoff" if "ParentCommand" in names else "steering"


def payload(error: BaseException) -> Any:
    """What an interrupt asks, or a handoff commands."""
    found: Any = error.args[0] if error.args else None
    if isinstance(found, (list, tuple)):
        return [read(item, "value") for item in found]
    return found


def is_resumption(given: Any) -> bool:
    """Whether a graph is told to go on where it stopped: no input, or ``Command(resume=...)``."""
    return given is None or (type(given).__name__ == "Command" and read(given, "resume") is not None)


class Threads:
    """The trace of the last run of each thread, for as many threads as is reasonable."""

    __slots__ = ("_traces",)

    def __init__(self) -> None:
        self._traces: OrderedDict[str, str] = OrderedDict()

    def last(self, thread: str) -> str | None:
        """The trace id of the thread's last run in this process."""
        return self._traces.get(thread)

    def ran(self, thread: str, trace_id: str) -> None:
        """A run of this thread has ended."""
        self._traces.pop(thread, None)
        self._traces[thread] = trace_id
        if len(self._traces) > _MAX_THREADS:
            self._traces.popitem(last=False)
