"""``@trace``: a span around every call of a function, with its arguments, its result and its exception."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar, overload

from mutagent.capture.snapshot import SHORT, flat_copy, own_copies, snapshot
from mutagent.guard import guarded
from mutagent.tracing import context
from mutagent.tracing.generators import UNTRACED, Steps, async_generator_wrapper, generator_wrapper
from mutagent.tracing.runtime import live, live_tracer
from mutagent.tracing.tracer import Tracer
from mutagent.tracing.types import checked_kind

# Looked up once: they are called three times a span.
_current, _make_current = context.current.get, context.current.set

F = TypeVar("F", bound=Callable[..., Any])


@overload
def trace(kind: F) -> F: ...
@overload
def trace(
    kind: str = "custom",
    name: str | None = None,
    attributes: dict[str, Any] | None = None,
    *,
    capture_input: bool = True,
    capture_output: bool = True,
) -> Callable[[F], F]: ...
def trace(
    kind: Any = "custom",
    name: str | None = None,
    attributes: dict[str, Any] | None = None,
    *,
    capture_input: bool = True,
    capture_output: bool = True,
) -> Any:
    """Trace every call of the decorated function.

    Works on functions, coroutine functions, generators and async generators, on methods, and above or below
    ``@staticmethod`` and ``@classmethod``; with or without parentheses; before or after ``init_tracing``.

    Args:
        kind: one of the span kinds; ``"custom"`` by default.
        name: the span's name; the function's where left out.
        attributes: put on every span.
        capture_input: record the arguments, by parameter name, without ``self`` and ``cls``.
        capture_output: record what is returned.

    Raises:
        ValueError: at decoration, for an unknown kind.
    """
    if callable(kind) or isinstance(kind, (staticmethod, classmethod)):
        return _Traced("custom", None, None, True, True).decorate(kind)
    given = (checked_kind(kind), name, attributes, capture_input, capture_output)
    # One for each function: the same decorator may be used on several.
    return lambda function: _Traced(*given).decorate(function)


class _Traced:
    """One decoration: what its spans are called and what they record."""

    __slots__ = ("attributes", "capture_input", "capture_output", "kind", "name", "parameters")

    attributes: dict[str, Any] | None
    parameters: Parameters | None

    def __init__(
        self, kind: str, name: str | None, attributes: dict[str, Any] | None, capture_input: bool, capture_output: bool
    ) -> None:
        self.kind = kind
        self.name: str = name or ""
        self.attributes = {key: snapshot(value) for key, value in attributes.items()} if attributes else None
        self.capture_input = capture_input
        self.capture_output = capture_output
        # What the arguments are called; None where they are not recorded.
        self.parameters = None

    def decorate(self, function: Any) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(self.decorate(function.__func__))
        self.name = self.name or getattr(function, "__name__", None) or self.kind
        self.parameters = guarded("trace signature", parameters_of, function) if self.capture_input else None
        if inspect.iscoroutinefunction(function):
            return functools.wraps(function)(self.coroutine_wrapper(function))
        if inspect.isasyncgenfunction(function):
            return functools.wraps(function)(async_generator_wrapper(function, self.begin))
        if inspect.isgeneratorfunction(function):
            return functools.wraps(function)(generator_wrapper(function, self.begin))
        return functools.wraps(function)(self.function_wrapper(function))

    @property
    def skip(self) -> int:
        """How many of the arguments are self or cls."""
        return 0 if self.parameters is None else self.parameters.skip

    @property
    def named(self) -> Any:
        """Names what is kept of the arguments; None where nothing is."""
        return None if self.parameters is None else self.parameters.named

    def input(self, tracer: Tracer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What is recorded of a call's arguments, without self or cls."""
        if self.parameters is None or not tracer.capture_inputs:
            return None
        if own_copies(args) and own_copies(kwargs.values()):
            # Named where they are read, on the worker: a third of what a call under @trace cost.
            return (*args, kwargs) if kwargs else args
        return guarded("trace input", _copied, self.parameters, args, kwargs)

    def output(self, tracer: Tracer, result: Any) -> Any:
        """What is recorded of a result that is not None."""
        if not self.capture_output or not tracer.capture_outputs:
            return None
        try:
            return result if own_copies((result,)) else guarded("trace output", _raw, result)
        except RecursionError:
            return None  # the end of the stack: its start had no use for more of it

    # The two wrappers ask at once what the two methods above ask first: a call takes a quarter of the floor.

    def function_wrapper(self, function: Callable[..., Any]) -> Callable[..., Any]:
        kind, name, attributes, skip, named = self.kind, self.name, self.attributes, self.skip, self.named
        keeps = self.capture_output and named is not None

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            tracer = live.tracer
            if tracer is None and (not live.undecided or (tracer := live_tracer()) is None):
                return function(*args, **kwargs)
            outer = _current()
            given = args[skip:] if skip else args
            whole = keeps and tracer.captures
            if kwargs or not (whole and own_copies(given)):
                given = self.input(tracer, given, kwargs)
            span = tracer.start(kind, name, outer, given, attributes and attributes.copy())
            span.named = named
            _make_current(span)
            try:
                # Two calls, as `**` copies the dict, and it is empty as a rule: a twentieth of the floor.
                result = function(*args, **kwargs) if kwargs else function(*args)
            except BaseException as error:
                tracer.fail(span, error)
                raise
            finally:
                _make_current(outer)
            plain = result is None or (whole and type(result) is str and len(result) < SHORT)
            tracer.end(span, result if plain else self.output(tracer, result), "ok")
            return result

        return wrapper

    def coroutine_wrapper(self, function: Callable[..., Any]) -> Callable[..., Any]:
        kind, name, attributes, skip, named = self.kind, self.name, self.attributes, self.skip, self.named
        keeps = self.capture_output and named is not None

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            tracer = live.tracer
            if tracer is None and (not live.undecided or (tracer := live_tracer()) is None):
                return await function(*args, **kwargs)
            outer = _current()
            given = args[skip:] if skip else args
            whole = keeps and tracer.captures
            if kwargs or not (whole and own_copies(given)):
                given = self.input(tracer, given, kwargs)
            span = tracer.start(kind, name, outer, given, attributes and attributes.copy())
            span.named = named
            _make_current(span)
            try:
                result = await (function(*args, **kwargs) if kwargs else function(*args))
            except BaseException as error:
                tracer.fail(span, error)
                raise
            finally:
                _make_current(outer)
            plain = result is None or (whole and type(result) is str and len(result) < SHORT)
            tracer.end(span, result if plain else self.output(tracer, result), "ok")
            return result

        return wrapper

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tracer = live_tracer()
        if tracer is None:
            return UNTRACED
        recorded = self.input(tracer, args[self.skip :], kwargs)
        attributes = self.attributes and self.attributes.copy()
        span = tracer.start(self.kind, self.name, _current(), recorded, attributes)
        span.named = self.named
        return Steps(tracer, span, self.capture_output and tracer.capture_outputs)


def _raw(value: Any) -> dict[str, Any]:
    return {"raw": snapshot(value)}


def _copied(parameters: Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"raw": flat_copy(parameters.by_name(args, kwargs))}


class Parameters:
    """The parameter names of a function, to record arguments by name.

    Args:
        names: of those that can be given by position, without the first ``skip``, which are not recorded.
        rest: what further ones are called.
        skip: 1 where the first one is ``self`` or ``cls``.
    """

    __slots__ = ("names", "rest", "skip")

    def __init__(self, names: tuple[str, ...], rest: str | None, skip: int) -> None:
        self.names = names
        self.rest = rest
        self.skip = skip

    def named(self, given: tuple[Any, ...]) -> dict[str, Any]:
        """What a span keeps of a call, plain values and then a dict of those given by name, as an input object."""
        if given[-1].__class__ is dict:
            return {"raw": self.by_name(given[:-1], given[-1])}
        return {"raw": self.by_name(given, {})}

    def by_name(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of one call, without the skipped ones, by their names."""
        found = dict(zip(self.names, args, strict=False))
        if len(args) > len(self.names):
            found[self.rest or "args"] = list(args[len(self.names) :])
        found.update(kwargs)
        return found


def parameters_of(function: Callable[..., Any]) -> Parameters | None:
    """What to call the arguments of a function; the first one is left out where it is ``self`` or ``cls``.

    None for what has no Python code: a builtin, a partial, an object that can be called.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    if type(code) is not CodeType:
        return None
    names = code.co_varnames[: code.co_argcount]
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if code.co_flags & inspect.CO_VARARGS else None
    skip = 1 if names and names[0] in ("self", "cls", "mcs") else 0
    return Parameters(names[skip:], rest, skip)
