"""Under auto mode, threads and thread pools continue the trace of the code that started them.

They get our variables only (span and session): copying the whole context would change what programs keep there, decimal
precision for one. A span that has ended is nobody's parent, so a thread that outlives it goes its own way.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from mutagent.auto import patches
from mutagent.guard import guarded
from mutagent.tracing.context import current, current_session
from mutagent.tracing.runtime import live

_POOL = "concurrent.futures.thread"
_patches: list[patches.Patch] = []


def install() -> None:
    """Patch thread starts and pool submissions; again does nothing."""
    if _patches:
        return
    _replace(threading.Thread, "start", _start_wrapper)
    if _POOL in sys.modules:
        _patch_pool(sys.modules[_POOL])
        return
    import wrapt

    wrapt.register_post_import_hook(lambda module: guarded("threads: pools", _patch_pool, module), _POOL)


def uninstall() -> None:
    """Restore both."""
    for patch in reversed(_patches):
        patch.undo()
    _patches.clear()


def _patch_pool(module: Any) -> None:
    if _patches:
        _replace(module.ThreadPoolExecutor, "submit", _submit_wrapper)


def _replace(holder: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    patch = patches.replace(holder, name, make)
    if patch is not None:
        _patches.append(patch)


def _on() -> bool:
    tracer = live.tracer
    return tracer is not None and tracer.settings.threads and bool(_patches)


class _Carried:
    """The span and the session of the code that starts work elsewhere, to be current there while it runs."""

    __slots__ = ("session", "span")

    def __init__(self) -> None:
        self.span = current.get()
        self.session = current_session.get()

    def __bool__(self) -> bool:
        return self.span is not None or self.session is not None

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        span, session = current.get(), current_session.get()
        current.set(self.span)
        current_session.set(self.session)
        try:
            return function(*args, **kwargs)
        finally:
            current.set(span)
            current_session.set(session)


def _start_wrapper(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        if _on():
            guarded("threads: start", _carry_into, self, _Carried())
        return original(self)  # type: ignore[no-any-return]

    return start


def _carry_into(thread: threading.Thread, carried: _Carried) -> None:
    if not carried:
        return
    run = thread.run  # on the instance: subclasses bring a run() of their own

    def carried_run() -> None:
        del thread.run
        carried.call(run)

    thread.run = carried_run  # type: ignore[method-assign]


def _submit_wrapper(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(self: Executor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        carried = _Carried() if _on() else None
        if not carried:
            return original(self, fn, *args, **kwargs)
        # A pool starts its threads within this call, and keeps them: they must not stay in our span.
        current.set(None)
        current_session.set(None)
        try:
            return original(self, carried.call, fn, *args, **kwargs)
        finally:
            current.set(carried.span)
            current_session.set(carried.session)

    return submit
