"""Traced generators: each step runs with the span current, and the consumer's context is back at every yield.

No token is held across a yield and no task is created, so ``asyncio.timeout`` and cancellation inside the generator
work as without us. ``send``, ``throw``, ``close`` and the return value pass through.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

from mutagent.capture.snapshot import Snapshot
from mutagent.guard import Guard, guarded
from mutagent.tracing import context
from mutagent.tracing.span import MutagentSpan
from mutagent.tracing.tracer import Tracer

_MAX_ITEMS = 1_000


class Steps:
    """The span of one generator: made current for each step, ended once."""

    __slots__ = ("budget", "items", "more", "outer", "span", "tracer")

    def __init__(self, tracer: Tracer, span: MutagentSpan, keeps_items: bool) -> None:
        self.tracer = tracer
        self.span = span
        self.outer: Any = None
        self.budget = Snapshot() if keeps_items else None
        self.items: list[Any] = []
        self.more = 0

    def __enter__(self) -> None:
        self.outer = context.current.get()
        context.current.set(self.span)

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        context.current.set(self.outer)

    def keep(self, item: Any) -> None:
        """Record what was yielded, within one budget for the whole generator."""
        if self.budget is None or len(self.items) >= _MAX_ITEMS:
            self.more += 1
        else:
            self.items.append(guarded("trace item", self.budget.take, item))

    def done(self, outcome: str | None = None, result: Any = None) -> None:
        """End the span with what was yielded and returned."""
        with Guard("trace generator end"):
            if self.budget is not None:
                output = {"yielded": self.items, "returned": self.budget.take(result)} if result is not None else None
                self.span.output = {"raw": output or self.items}
                if self.more:
                    self.span.attributes["mutagent.items_not_recorded"] = self.more
            if outcome is not None:
                self.span.attributes["mutagent.stream.outcome"] = outcome
            if self.span.status == "unset":
                self.span.status = "ok"
            self.tracer.end(self.span)

    def failed(self, error: BaseException) -> None:
        """End the span with the exception that left the generator; one that was closed has not failed."""
        if isinstance(error, GeneratorExit):
            self.done("closed")
        else:
            guarded("trace generator error", self.tracer.fail, self.span, error)


class _Untraced:
    """Stands for :class:`Steps` where tracing is off."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        pass

    def keep(self, item: Any) -> None:
        pass

    def done(self, outcome: str | None = None, result: Any = None) -> None:
        pass

    def failed(self, error: BaseException) -> None:
        pass


UNTRACED: Any = _Untraced()
Begin = Callable[[tuple[Any, ...], dict[str, Any]], Any]


def generator_wrapper(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    """A generator function that runs ``function``'s steps under the span that ``begin(args, kwargs)`` starts."""

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps = begin(args, kwargs)
        inner = function(*args, **kwargs)
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                with steps:
                    item = inner.send(sent) if thrown is None else inner.throw(thrown)
            except StopIteration as stop:
                steps.done(result=stop.value)
                return stop.value
            except BaseException as error:
                steps.failed(error)
                raise
            steps.keep(item)
            sent = thrown = None
            try:
                sent = yield item
            except BaseException as error:  # noqa: BLE001 - thrown into the generator, which decides
                thrown = error

    return wrapper


def async_generator_wrapper(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    """An async generator function; otherwise as :func:`generator_wrapper`."""

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = begin(args, kwargs)
        inner = function(*args, **kwargs)
        step = _first_step(inner)
        while True:
            try:
                with steps:
                    item = await step
            except StopAsyncIteration:
                steps.done()
                return
            except BaseException as error:
                steps.failed(error)
                raise
            steps.keep(item)
            try:
                sent = yield item
            except BaseException as error:  # noqa: BLE001 - thrown into the generator, which decides
                step = inner.athrow(error)
            else:
                step = inner.asend(sent)

    return wrapper


def _first_step(inner: AsyncGenerator[Any, Any]) -> Awaitable[Any]:
    """The first step of a generator that the event loop is not to know: it is closed with ours.

    At its end a loop closes all generators it knows at once, and closing one that another is closing is an error.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return inner.asend(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)
