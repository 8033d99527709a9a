"""Embeddings and rerankers of LangChain: their classes patched, for all calls or only for those within traced runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from mutagent.integrations.engine import Call, Traced
from mutagent.integrations.langchain.runs import bridge
from mutagent.integrations.spec import Target
from mutagent.integrations.specs.langchain import LANGCHAIN
from mutagent.integrations.specs.langchain.classes import EMBEDDING_TARGETS, RERANKER_TARGETS, is_reranker
from mutagent.integrations.subclasses import Subclasses
from mutagent.integrations.wrappers import wrapper_for
from mutagent.tracing import context

EMBEDDINGS = "langchain_core.embeddings.embeddings"
COMPRESSORS = "langchain_core.documents.compressor"


class Method(Traced):
    """A patched method. One that another of its kind calls to do its work is a part of that one's span."""

    __slots__ = ()

    def begin(self, instance: Any, arguments: dict[str, Any]) -> Call | None:
        """Start the span of one call, unless the call stands within one that has made no request yet."""
        around = context.open_span(context.current.get())
        if around is not None and around.claim == self.target.kind:
            return None
        return super().begin(instance, arguments)


def _within_run(instance: Any) -> bool:
    span = context.open_span(context.current.get())
    while span is not None and bridge.run_of(span) is None:
        span = context.open_span(span.outer)
    return span is not None


class Family:
    """The classes of one kind: what is patched of them, and for whom."""

    __slots__ = ("_methods", "_subclasses")

    def __init__(self, base: type, targets: dict[str, Target], fits: Callable[[type], bool], every_call: bool) -> None:
        marked = None if every_call else _within_run
        self._methods = {name: Method(LANGCHAIN, target, marked) for name, target in targets.items()}
        self._subclasses = Subclasses(base, tuple(targets), partial(self._wrapper, fits))
        self._subclasses.install()

    def _wrapper(self, fits: Callable[[type], bool], cls: type, name: str) -> Any:
        return partial(wrapper_for, self._methods[name]) if fits(cls) else None

    def trace(self, every_call: bool) -> None:
        """Trace all calls, or only those within runs."""
        for method in self._methods.values():
            method.on = True
            method.only_marked = None if every_call else _within_run

    def undo(self) -> None:
        """Restore the classes."""
        for method in self._methods.values():
            method.on = False
        self._subclasses.undo()


_families: dict[str, Family] = {}


def _install(module: Any, every_call: bool) -> None:
    there = _families.get(module.__name__)
    if there is not None:
        if every_call:
            there.trace(every_call)
    elif module.__name__ == EMBEDDINGS:
        _families[EMBEDDINGS] = Family(module.Embeddings, EMBEDDING_TARGETS, lambda cls: True, every_call)
    else:
        _families[COMPRESSORS] = Family(module.BaseDocumentCompressor, RERANKER_TARGETS, is_reranker, every_call)


def _undo(name: str) -> None:
    family = _families.pop(name, None)
    if family is not None:
        family.undo()


def install(module: Any) -> Callable[[], None]:
    """Trace every call of the classes below the one that ``module`` defines; returns what takes that back."""
    _install(module, every_call=True)
    return partial(_undo, module.__name__)


def trace_within_runs() -> None:
    """For a handler that the program passes on by itself: trace the calls that its runs make."""
    for name in (EMBEDDINGS, COMPRESSORS):
        _install(import_module(name), every_call=False)
