"""Objects that send their request later, such as context managers when they are entered.

The span begins there, with the arguments that were given before.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from mutagent.guard import attempt, guarded
from mutagent.integrations.engine import Call, Traced
from mutagent.integrations.sessions import opened
from mutagent.integrations.spec import Manager, Session
from mutagent.integrations.streams import record
from mutagent.integrations.wrappers import arguments_of
from mutagent.tracing import context

# Managers that were made and not entered yet, with what they will ask for.
_made: WeakKeyDictionary[Any, tuple[Traced, Any, dict[str, Any]]] = WeakKeyDictionary()


def making_wrapper(traced: Traced, original: Callable[..., Any]) -> Callable[..., Any]:
    """Around the method that makes the manager: remembers the arguments."""

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        manager = original(*args, **kwargs)
        if traced.on and args:
            guarded(traced.label, _remember, traced, manager, args[0], arguments_of(traced.target, args, kwargs))
        return manager

    return wrapper


def _remember(traced: Traced, manager: Any, instance: Any, arguments: dict[str, Any]) -> None:
    _made[manager] = (traced, instance, arguments)


def _begin(piece: Manager | Session, manager: Any) -> Call | None:
    made = _made.get(manager)
    if made is None:
        return None
    traced, instance, arguments = made
    if isinstance(piece, Manager) and piece.stream is not None:
        # That the answer comes as a stream is said by the method's name, not by an argument.
        arguments = {**arguments, "stream": True}
    return traced.begin(instance, arguments)


def entering_wrapper(piece: Manager | Session, original: Callable[..., Any]) -> Callable[..., Any]:
    """Around the manager's entering: the span of the request, and what comes of it watched from inside."""
    label = piece.call.path
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def async_wrapper(self: Any) -> Any:
            call = guarded(label, _begin, piece, self)
            if call is None:
                return await original(self)
            context.current.set(call.span)
            try:
                entered = await original(self)
            except BaseException as error:
                call.failed(error)
                raise
            finally:
                context.current.set(call.outer)
            return _watched(piece, call, self, entered)

        return async_wrapper

    @functools.wraps(original)
    def wrapper(self: Any) -> Any:
        call = guarded(label, _begin, piece, self)
        if call is None:
            return original(self)
        context.current.set(call.span)
        try:
            entered = original(self)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            context.current.set(call.outer)
        return _watched(piece, call, self, entered)

    return wrapper


def _watched(piece: Manager | Session, call: Call, manager: Any, entered: Any) -> Any:
    if isinstance(piece, Session):
        attempt(call.traced, "session", opened, piece, call, _made[manager][1], entered)
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
