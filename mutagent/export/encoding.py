"""Any value → JSON bytes, without failing and without running code of the program's.

What arrives here is a plain snapshot, so the common case is one pass in C. Anything else takes the slow walk: a value
that JSON has no form for becomes its ``<module.Class>``, NaN and the infinities null, lone surrogates U+FFFD.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Callable
from functools import partial
from typing import Any

from mutagent.capture.plain import is_kind, type_label
from mutagent.loading import from_module

# Deeper than any snapshot; far below the recursion limit of the interpreter and of readers.
_MAX_DEPTH = 200
# By id: a class of the user's may have a comparison or a hash of its own, which `in` would run.
_SCALARS = frozenset(map(id, (str, int, float, bool, type(None))))


def class_name(value: Any) -> str:
    """``<module.Class>``; asks the type alone, never the value."""
    return type_label(type(value))


def json_bytes(value: Any) -> bytes:
    """``value`` as UTF-8 JSON; never raises for what a value may be."""
    to_json = _to_json or _find_to_json()
    if to_json is None:
        return _without_pydantic(plain(value))
    try:
        # marshal takes exact built-in types only and runs no Python code; its error tells that there is something
        # else inside, whose serializer, property or __iter__ to_json would call. A walk in Python takes thrice as long.
        marshal.dumps(value, 4)
        return to_json(value)
    except (ValueError, UnicodeError, RecursionError):
        return to_json(plain(value))


_to_json: Callable[[Any], bytes] | None = None


def _find_to_json() -> Callable[[Any], bytes] | None:
    global _to_json
    to_json = from_module("pydantic_core", "to_json")  # milliseconds to load: paid on the worker, at the first span
    if to_json is None:
        return None
    try:
        to_json(None, inf_nan_mode="null")
    except TypeError:
        # pydantic before 2.6 always wrote NaN as null.
        _to_json = partial(to_json, fallback=class_name)
    else:
        _to_json = partial(to_json, inf_nan_mode="null", fallback=class_name)
    return _to_json


def _without_pydantic(value: Any) -> bytes:
    """For who can't wait until the worker has loaded it; a span must not be lost by that."""
    text = json.dumps(value)
    return json.dumps(json.loads(text, parse_constant=_null), ensure_ascii=False, separators=(",", ":")).encode()


def _null(constant: str) -> None:
    """NaN and the infinities."""


def plain(value: Any, depth: int = 0) -> Any:
    """A copy of ``value`` that is made of dict, list and scalars only."""
    kind = type(value)
    if kind is str:
        return _sound_text(value)
    if id(kind) in _SCALARS:
        return value
    if depth >= _MAX_DEPTH:
        return "<nested too deeply>"
    if kind is dict:
        return {_key(key): plain(inner, depth + 1) for key, inner in list(value.items())}
    if kind is list or kind is tuple:
        return [plain(inner, depth + 1) for inner in list(value)]
    return _of_subclass(value)


def _of_subclass(value: Any) -> Any:
    # The bases' own methods: a subclass may have replaced them by anything.
    if is_kind(value, str):
        return _sound_text(str.__str__(value))
    if is_kind(value, int):
        return int.__int__(value)
    if is_kind(value, float):
        return float.__float__(value)
    return class_name(value)


def _key(key: Any) -> str:
    if is_kind(key, str):
        return _sound_text(str.__str__(key))
    return str(key) if id(type(key)) in _SCALARS else class_name(key)


def _sound_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16, so that two halves of one character come together again.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
