"""Modules of others that may have to be imported first, for code that must not wait for an import.

An import waits for the thread that is importing the same module, and that thread may be waiting for this one: the
handler of a signal may have interrupted an import, with a lock of importlib's held that every other import needs.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

# Threads that are within `without_waiting`.
_hurried: set[int] = set()
# Looking for what is not installed takes a tenth of a millisecond: once is enough.
_absent: set[str] = set()


@contextmanager
def without_waiting() -> Iterator[None]:
    """On this thread nothing is imported by :func:`from_module`; there is only what is loaded already."""
    me = get_ident()
    nested = me in _hurried
    _hurried.add(me)
    try:
        yield
    finally:
        if not nested:
            _hurried.discard(me)


def from_module(module: str, name: str) -> Any:
    """A name of a module, which is imported where that may be waited for.

    Returns:
        None where the module is not installed, or not loaded and :func:`without_waiting`.
    """
    found = sys.modules.get(module)
    if found is not None and not getattr(found.__spec__, "_initializing", False):
        return found.__dict__.get(name)
    if module in _absent or get_ident() in _hurried:
        return None
    try:
        return getattr(import_module(module), name, None)
    except ImportError:
        _absent.add(module)
        return None
