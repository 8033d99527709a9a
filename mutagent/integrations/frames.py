"""Frames of ours that a library's warnings do not count.

A library says with ``stacklevel`` whose line a warning is about: two or three frames up, its caller's. A wrapper of
ours in between would be taken for the caller, and Python shows a deprecation only where it is about the program's own
file.
"""

from __future__ import annotations

from functools import lru_cache
from types import CodeType
from typing import Any, TypeVar

T = TypeVar("T")

# ``warnings`` passes over the frames of the import machinery, which it knows by these words in their file's name
# (https://github.com/python/cpython/blob/main/Lib/_py_warnings.py, `_is_internal_frame`).
_PASSED_OVER = " (importlib _bootstrap)"


def uncounted(function: T) -> T:
    """Have ``warnings`` pass over this function's frames; anything but a Python function stays as it is."""
    target: Any = function
    code = getattr(target, "__code__", None)
    if type(code) is CodeType and not code.co_filename.endswith(_PASSED_OVER):
        target.__code__ = _renamed(code)
    return function


@lru_cache(maxsize=256)
def _renamed(code: CodeType) -> CodeType:
    return code.replace(co_filename=code.co_filename + _PASSED_OVER)
