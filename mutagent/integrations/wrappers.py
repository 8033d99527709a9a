"""What stands in a target's place: around a plain method, a coroutine's, a generator's, and one that others share.

The real call stands outside every ``try`` of ours but the one that records what it raised and lets it go on.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from mutagent.guard import attempt, counted, guarded
from mutagent.integrations.engine import Call, Traced
from mutagent.integrations.frames import uncounted
from mutagent.integrations.spec import Target
from mutagent.tracing import context
from mutagent.tracing.runtime import live


def wrapper_for(traced: Traced, original: Callable[..., Any]) -> Callable[..., Any]:
    """What stands in the target's place: a plain function, so that bound methods stay picklable and copyable."""
    if inspect.isgeneratorfunction(original) and traced.target.chunks is not None:
        return generator_wrapper(traced, original)
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def async_wrapper(*args: Any, **kwargs: Any) -> Any:
            sent = with_usage_asked(traced, kwargs)
            inner = _Unstarted(original(*args, **sent))
            return await in_span(traced, args, kwargs, sent is not kwargs, inner)

        return async_wrapper

    is_async = traced.target.is_async

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        sent = with_usage_asked(traced, kwargs)
        if is_async:
            return started_later(traced, args, kwargs, sent is not kwargs, original(*args, **sent))
        call = begun(traced, args, kwargs, sent is not kwargs)
        if call is None:
            return original(*args, **sent)
        context.current.set(call.span)
        try:
            result = original(*args, **sent)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            context.current.set(call.outer)
        return awaited(call, result) if inspect.iscoroutine(result) else call.settle(result)

    return wrapper


def generator_wrapper(traced: Traced, original: Callable[..., Any]) -> Callable[..., Any]:
    """Around a generator function, and one itself: its span begins when it is first read, which sends the request."""
    from mutagent.integrations.recording import Recording

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        sent = with_usage_asked(traced, kwargs)
        call = begun(traced, args, kwargs, sent is not kwargs)
        stream = original(*args, **sent)
        recording = None if call is None else attempt(traced, "stream", Recording, call, stream)
        if call is not None and recording is None:
            call.end()
        return (yield from stream if recording is None else recording)

    return wrapper


def dispatching_wrapper(
    traced: Sequence[Traced],
    choose: Callable[[dict[str, Any], Any], Target | None],
    original: Callable[..., Any],
) -> Callable[..., Any]:
    """Stands in the place of a method that calls of several kinds go through: each goes on as its kind, or untraced."""
    wrappers = {id(each.target): uncounted(wrapper_for(each, original)) for each in traced}
    label, like = traced[0].label, traced[0].target

    def chosen(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any]:
        target = choose(arguments_of(like, args, kwargs), args[0] if args else None)
        return original if target is None else wrappers[id(target)]

    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def async_wrapper(*args: Any, **kwargs: Any) -> Any:
            return await (guarded(label, chosen, args, kwargs) or original)(*args, **kwargs)

        return async_wrapper

    if inspect.isgeneratorfunction(original):

        @functools.wraps(original)
        def generator(*args: Any, **kwargs: Any) -> Any:
            return (yield from (guarded(label, chosen, args, kwargs) or original)(*args, **kwargs))

        return generator

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return (guarded(label, chosen, args, kwargs) or original)(*args, **kwargs)

    return wrapper


def begun(traced: Traced, args: tuple[Any, ...], kwargs: dict[str, Any], asked_usage: bool) -> Call | None:
    """The call begun, behind the guard; None where it is not traced."""
    try:
        arguments = arguments_of(traced.target, args, kwargs) if traced.target.parameters else kwargs
        call = traced.begin(args[0] if args else None, arguments)
        if call is not None:
            call.asked_usage = asked_usage
        return call
    except Exception as error:
        if counted(traced.label, error):
            return None
        raise


def arguments_of(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The call's arguments by name; positional ones where the target names them."""
    if not target.parameters:
        return kwargs
    positional = args[1:] if "." in target.path else args
    return {**dict(zip(target.parameters, positional, strict=False)), **kwargs}


def with_usage_asked(traced: Traced, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments, asking a stream for its usage where the user has allowed that; else the very same object."""
    ask, tracer = traced.target.ask_usage, live.tracer
    if ask is None or tracer is None or not tracer.asks_usage or not traced.on:
        return kwargs
    return guarded(traced.label + " usage", ask, kwargs) or kwargs


class _Unstarted:
    """Holds a coroutine for another that awaits it. Dropped before that, it closes it: one warning is enough."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __del__(self) -> None:
        self.coroutine.close()


def started_later(traced: Traced, args: tuple[Any, ...], kwargs: dict[str, Any], asked_usage: bool, inner: Any) -> Any:
    """For an async method: the span begins when its coroutine is awaited, which is when the request is sent."""
    if not inspect.iscoroutine(inner):
        call = begun(traced, args, kwargs, asked_usage)
        return inner if call is None else call.settle(inner)
    shell = in_span(traced, args, kwargs, asked_usage, _Unstarted(inner))
    for name in ("__name__", "__qualname__"):
        setattr(shell, name, getattr(inner, name))
    return shell


@uncounted
async def in_span(
    traced: Traced, args: tuple[Any, ...], kwargs: dict[str, Any], asked_usage: bool, inner: _Unstarted
) -> Any:
    """Await a target's coroutine inside its span."""
    call = begun(traced, args, kwargs, asked_usage)
    if call is None:
        return await inner.coroutine
    return await awaited(call, inner.coroutine)


@uncounted
async def awaited(call: Call, inner: Coroutine[Any, Any, Any]) -> Any:
    """Await the real call with its span current, and settle what it gives."""
    context.current.set(call.span)
    try:
        result = await inner
    except BaseException as error:
        call.failed(error)
        raise
    finally:
        context.current.set(call.outer)
    return call.settle(result)
