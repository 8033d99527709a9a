"""Patch a method on every class below a base class, those that are there and those that are yet to be defined."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mutagent.auto import patches
from mutagent.guard import guarded

_HOOK = "__init_subclass__"


class Subclasses:
    """The classes below ``base``, with the methods they define themselves patched.

    Args:
        base: the class whose subclasses are patched; itself it is left alone.
        wrapper: ``(class, method name)`` → what makes a wrapper of the method, or None to leave it.
        names: the methods' names.
    """

    __slots__ = ("_base", "_hook", "_names", "_patches", "_wrapper")

    def __init__(
        self,
        base: type,
        names: tuple[str, ...],
        wrapper: Callable[[type, str], Callable[[Callable[..., Any]], Callable[..., Any]] | None],
    ) -> None:
        self._base = base
        self._names = names
        self._wrapper = wrapper
        self._patches: list[patches.Patch] = []
        self._hook: Any = None

    def install(self) -> None:
        """Patch what is there, and have Python tell of what comes."""
        for cls in _below(self._base):
            guarded(f"patch {cls.__qualname__}", self._patch, cls)
        if _HOOK in vars(self._base):
            return  # somebody's own hook: what is defined later stays unpatched
        self._hook = classmethod(partial(_defined, self._base, self._patch))
        type.__setattr__(self._base, _HOOK, self._hook)

    def undo(self) -> None:
        """Restore every method, and stop listening."""
        if self._hook is not None and vars(self._base).get(_HOOK) is self._hook:
            type.__delattr__(self._base, _HOOK)
        self._hook = None
        for patch in reversed(self._patches):
            patch.undo()
        self._patches.clear()

    def _patch(self, cls: type) -> None:
        for name in self._names:
            method = vars(cls).get(name)
            make = self._wrapper(cls, name)
            if make is None or not callable(method) or getattr(method, "__isabstractmethod__", False):
                continue
            patch = patches.replace(cls, name, make)
            if patch is not None:
                self._patches.append(patch)


def _defined(base: Any, patch: Callable[[type], None], cls: Any, **arguments: Any) -> None:
    super(base, cls).__init_subclass__(**arguments)
    guarded(f"patch {cls.__qualname__}", patch, cls)


def _below(base: type) -> list[type]:
    found: dict[type, None] = {}
    waiting = [base]
    while waiting:
        below: list[type] = type.__subclasses__(waiting.pop())
        for cls in below:
            if cls not in found:
                found[cls] = None
                waiting.append(cls)
    return list(found)
