"""Put wrappers in place of attributes and take them back: the one place that writes into foreign classes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mutagent.guard import guarded
from mutagent.integrations.frames import uncounted

MISSING: Any = object()
_MARK = "__mutagent_original__"
# A module's function → what stands in its place: other modules that hold the same function get the same wrapper, for a
# function is pickled by its name and must be found there.
_wrappers: dict[Any, Any] = {}


class Patch:
    """One attribute that is, or was, replaced."""

    __slots__ = ("had", "holder", "name", "wrapper")

    def __init__(self, holder: Any, name: str, had: Any, wrapper: Any) -> None:
        self.holder = holder
        self.name = name
        self.had = had
        self.wrapper = wrapper

    def undo(self) -> bool:
        """Put the original back, by identity. False where another tool has wrapped ours since: it must stay."""
        if vars(self.holder).get(self.name, MISSING) is not self.wrapper:
            return False
        _wrappers.pop(self.had, None)
        if self.had is MISSING:
            delattr(self.holder, self.name)
        else:
            setattr(self.holder, self.name, self.had)
        return True


def find(module: ModuleType, path: str) -> tuple[Any, str] | None:
    """The object that holds the attribute at ``path``, and its name; None where the module has no such thing.

    Looks into each ``__dict__`` only: a ``__getattr__`` of a lazy module, or of a class's own class, would import what
    nobody asked for.
    """
    *owners, name = path.split(".")
    holder: Any = module
    for owner in owners:
        holder = vars(holder).get(owner)
        if holder is None:
            return None
    there = (holder, *holder.__mro__) if isinstance(holder, type) else (holder,)
    return (holder, name) if any(name in vars(each) for each in there) else None


def replace(holder: Any, name: str, make_wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Patch | None:
    """Wrap an attribute. A copy of a wrapper of ours is only noted, to be restored; an inherited one is left alone."""
    had = vars(holder).get(name, MISSING)
    kind = type(had)
    original = had.__func__ if kind in (staticmethod, classmethod) else getattr(holder, name)
    if is_ours(original):
        return None if had is MISSING else Patch(holder, name, original_of(original), had)
    wrapper: Any = _wrappers.get(original) if isinstance(holder, ModuleType) else None
    if wrapper is None:
        wrapper = uncounted(make_wrapper(original))
        setattr_quietly(wrapper, _MARK, (wrapper, original))
    if isinstance(holder, ModuleType):
        _wrappers[original] = wrapper
    if kind in (staticmethod, classmethod):
        wrapper = kind(wrapper)
    setattr(holder, name, wrapper)
    return Patch(holder, name, had, wrapper)


def is_ours(function: Any) -> bool:
    """Whether this very object is a wrapper of ours (one beneath another tool's does not count)."""
    mark = getattr(function, "__dict__", {}).get(_MARK)
    # `functools.wraps` copies the mark onto another tool's wrapper; it names the function that it was made for.
    return type(mark) is tuple and mark[0] is function


def original_of(function: Any) -> Any:
    """What our wrapper replaced."""
    return function.__dict__[_MARK][1]


def setattr_quietly(target: Any, name: str, value: Any) -> None:
    """Set an attribute where the object takes one."""
    try:
        setattr(target, name, value)
    except AttributeError:
        return


def before(original: Callable[..., Any], act: Callable[[Any], None]) -> Callable[..., Any]:
    """A wrapper that lets ``act(self)`` see the object first, and stays out of the call otherwise."""
    return _around(original, before=lambda self, args, kwargs: act(self))


def before_call(
    original: Callable[..., Any], act: Callable[[Any, tuple[Any, ...], dict[str, Any]], None]
) -> Callable[..., Any]:
    """The same, where ``act(self, args, kwargs)`` sees the arguments too."""
    return _around(original, before=act)


def after(original: Callable[..., Any], act: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A wrapper that returns ``act(self, result)``."""
    return _around(original, after=act)


def _around(
    original: Callable[..., Any],
    before: Callable[[Any, tuple[Any, ...], dict[str, Any]], None] | None = None,
    after: Callable[[Any, Any], Any] | None = None,
) -> Callable[..., Any]:
    label = getattr(original, "__qualname__", "call")

    def seen(instance: Any, result: Any) -> Any:
        if after is None:
            return result
        changed = guarded(label, after, instance, result)
        return result if changed is None else changed

    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def async_wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            if before is not None:
                guarded(label, before, self, args, kwargs)
            return seen(self, await original(self, *args, **kwargs))

        return async_wrapper

    @functools.wraps(original)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if before is not None:
            guarded(label, before, self, args, kwargs)
        return seen(self, original(self, *args, **kwargs))

    return wrapper
