"""LangChain's runs → spans: the runs that are open, and what every start records.

One set of open runs serves every handler of the process, so that a run announced to several of them has one span.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.snapshot import snapshot
from mutagent.integrations.bridge import Bridge, Run
from mutagent.integrations.specs.langchain import graph, kinds
from mutagent.integrations.specs.langchain.kinds import Notes
from mutagent.tracing import context

bridge = Bridge()
threads = graph.Threads()
# Kinds of runs that are a function of the program's: while one is current, its body runs.
_FUNCTIONS = ("node", "tool")


class Options:
    """What one handler adds to the runs it is given to."""

    __slots__ = ("internal_steps", "metadata", "session_id", "tags", "user_id")

    def __init__(
        self,
        session_id: str | None,
        user_id: str | None,
        tags: tuple[str, ...],
        metadata: dict[str, Any] | None,
        internal_steps: bool,
    ) -> None:
        self.session_id = session_id
        self.user_id = user_id
        self.tags = tags
        self.metadata = metadata
        self.internal_steps = internal_steps

    @property
    def given(self) -> bool:
        """Whether there is anything to say about whom a run is for."""
        return any((self.session_id, self.user_id, self.tags, self.metadata))


class Announced:
    """The arguments that every start of a run has in common."""

    __slots__ = ("id", "metadata", "name", "parent", "tags")

    def __init__(self, id: Any, parent_id: Any, name: str, tags: Any, metadata: Any) -> None:
        self.id = id
        self.parent = _parent(parent_id)
        self.name = name
        self.tags = kinds.own_tags(tags)
        self.metadata: dict[str, Any] = metadata if type(metadata) is dict else {}

    @property
    def above(self) -> Notes | None:
        """What is known of the run above."""
        return None if self.parent is None else self.parent.notes


def _parent(id: Any) -> Run | None:
    """The run that a run belongs to, as LangChain says, or where it says nothing, as the context does.

    LangChain says nothing in threads that the program started, and in tasks before Python 3.11.
    """
    parent = None if id is None else bridge.runs.get(id)
    around = bridge.run_of(context.open_span(context.current.get()))
    if around is None:
        return parent
    if parent is None:
        return around if around.notes.kind in _FUNCTIONS else None
    return around if around.notes.hands_on_callbacks and around.parent is parent else parent


def begin(run: Announced, notes: Notes, attributes: dict[str, Any], options: Options, batch: int = 1) -> Run | None:
    """Begin a run's span with what all kinds of runs record."""
    above = run.above
    notes.tags, notes.metadata = run.tags, run.metadata
    attributes["langchain.run_id"] = str(run.id)
    attributes.update(graph.places(run.metadata))
    tags = run.tags if above is None else run.tags - above.tags
    if tags:
        attributes["langchain.tags"] = sorted(tags)
    metadata = graph.users_metadata(run.metadata, {} if above is None else above.metadata)
    if metadata:
        attributes["langchain.metadata"] = snapshot(metadata)
    notes.surrounding = context.current_session.get()
    session = _session(run, options)
    return bridge.start(run.id, run.parent, notes.kind, notes.name, attributes, session, notes, batch)


def _session(run: Announced, options: Options) -> Any:
    surrounding = context.current_session.get()
    if run.parent is not None and not options.given and run.parent.notes.surrounding is surrounding:
        return run.parent.span.session
    session_id = options.session_id
    if session_id is None and (surrounding is None or surrounding.session_id is None):
        session_id = graph.conversation(run.metadata)
    if session_id is None and not options.given:
        return None
    with context.session(session_id, user_id=options.user_id, tags=options.tags, metadata=options.metadata):
        return context.current_session.get()
