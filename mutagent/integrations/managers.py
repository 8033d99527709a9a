"""Objects that send their request later, such as context managers when they are entered.

The span begins there, with the arguments that were given before.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from mutagent.guard import attempt, guarded
from mutagent.integrations.engine import Call, Traced
from mutagent.integrations.frames import uncounted
from mutagent.integrations.sessions import closing, opened
from mutagent.integrations.spec import Manager, Session
from mutagent.integrations.streams import record
from mutagent.integrations.wrappers import arguments_of
from mutagent.tracing import context

# What a manager will ask for: the target, the object called on and the arguments.
Made = tuple[Traced, Any, dict[str, Any]]
# Managers that were made and not entered yet.
_made: WeakKeyDictionary[Any, Made] = WeakKeyDictionary()


def making_wrapper(piece: Manager | Session, traced: Traced, original: Callable[..., Any]) -> Callable[..., Any]:
    """Around the method that makes the manager: remembers the arguments."""

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        manager = original(*args, **kwargs)
        if traced.on and args:
            made = guarded(traced.label, arguments_of, traced.target, args, kwargs)
            guarded(traced.label, _remember, piece, manager, (traced, args[0], made or {}))
        return manager

    return wrapper


def _remember(piece: Manager | Session, manager: Any, made: Made) -> None:
    if _is_generated(piece):
        manager.gen = Block(piece, made, manager.gen)
    else:
        _made[manager] = made


def _is_generated(piece: Manager | Session) -> bool:
    return piece.enter is None if isinstance(piece, Manager) else not piece.enters


def _begin(piece: Manager | Session, made: Made | None) -> Call | None:
    if made is None:
        return None
    traced, instance, arguments = made
    if isinstance(piece, Manager) and piece.stream is not None:
        # That the answer comes as a stream is said by the method's name, not by an argument.
        arguments = {**arguments, "stream": True}
    return traced.begin(instance, arguments)


def entering_wrapper(piece: Manager | Session, original: Callable[..., Any]) -> Callable[..., Any]:
    """Around the manager's entering: the span of the request, and what comes of it watched from inside."""
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def async_wrapper(self: Any) -> Any:
            return await _entered_async(piece, _made_of(piece, self), partial(original, self))

        return async_wrapper

    @functools.wraps(original)
    def wrapper(self: Any) -> Any:
        return _entered(piece, _made_of(piece, self), partial(original, self))

    return wrapper


def _made_of(piece: Manager | Session, manager: Any) -> Made | None:
    return guarded(piece.call.path, _made.get, manager)


@uncounted
def _entered(piece: Manager | Session, made: Made | None, enter: Callable[[], Any]) -> Any:
    with Entering(piece, made) as entering:
        entered = enter()
    return entering.watched(entered)


@uncounted
async def _entered_async(piece: Manager | Session, made: Made | None, enter: Callable[[], Awaitable[Any]]) -> Any:
    with Entering(piece, made) as entering:
        entered = await enter()
    return entering.watched(entered)


class Entering:
    """The request that is sent as a manager is entered, with its span current; nothing where it is not traced."""

    __slots__ = ("call", "made", "piece")

    def __init__(self, piece: Manager | Session, made: Made | None) -> None:
        self.piece = piece
        self.made = made
        self.call: Call | None = guarded(piece.call.path, _begin, piece, made)

    def __enter__(self) -> Entering:
        if self.call is not None:
            context.current.set(self.call.span)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if self.call is not None:
            if error is not None:
                self.call.failed(error)
            context.current.set(self.call.outer)

    def watched(self, entered: Any) -> Any:
        """What the program gets, with what comes of it watched from inside."""
        call, piece = self.call, self.piece
        if call is None or self.made is None:
            return entered
        if isinstance(piece, Session):
            attempt(call.traced, "session", opened, piece, call, self.made[1], entered)
            return entered
        if piece.stream is None:
            return call.settle(entered)
        attempt(call.traced, "stream", _watch, piece.stream, call, entered)
        return entered


def _watch(name: str, call: Call, entered: Any) -> None:
    raw = getattr(entered, name)
    watched = record(call, raw)
    if watched is not raw:
        setattr(entered, name, watched)


class Block:
    """Stands before the generator of one of contextlib's managers: its first step enters the block, the next leaves it.

    The manager itself stays the program's (https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager).
    """

    __slots__ = ("entered", "inner", "made", "piece")

    def __init__(self, piece: Manager | Session, made: Made, inner: Any) -> None:
        self.piece = piece
        self.made: Made | None = made
        self.inner = inner
        self.entered: Any = None

    def __next__(self) -> Any:
        made, self.made = self.made, None
        if made is not None:
            self.entered = _entered(self.piece, made, partial(next, self.inner))
            return self.entered
        try:
            return next(self.inner)
        finally:
            guarded(self.piece.call.path, self.leave)

    async def __anext__(self) -> Any:
        made, self.made = self.made, None
        if made is not None:
            self.entered = await _entered_async(self.piece, made, self.inner.__anext__)
            return self.entered
        try:
            return await self.inner.__anext__()
        finally:
            guarded(self.piece.call.path, self.leave)

    def throw(self, *details: Any) -> Any:
        """The block is left by an exception."""
        try:
            return self.inner.throw(*details)
        finally:
            guarded(self.piece.call.path, self.leave)

    async def athrow(self, *details: Any) -> Any:
        """The block is left by an exception."""
        try:
            return await self.inner.athrow(*details)
        finally:
            guarded(self.piece.call.path, self.leave)

    def leave(self) -> None:
        """End what goes no further than the block."""
        # A manager that is kept keeps nothing of the block, as its generator does not.
        entered, self.entered = self.entered, None
        if isinstance(self.piece, Session):
            closing(entered)
        elif self.piece.stream is not None:
            recording = getattr(getattr(entered, self.piece.stream, None), "_mutagent_recording", None)
            if recording is not None:
                recording.finish("closed")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
