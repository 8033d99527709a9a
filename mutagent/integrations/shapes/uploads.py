"""Files that a program uploads: what they are called, what they are and how big, never what is in them."""

from __future__ import annotations

import io
import os
from typing import Any

from mutagent.capture.media import bytes_placeholder
from mutagent.capture.plain import type_label
from mutagent.capture.snapshot import Snapshot


def upload(value: Any, kind: str) -> dict[str, Any]:
    """What stands for one upload, in any of the forms that the generated clients take.

    Args:
        value: bytes, an open file, a path, or a tuple of file name, one of these, and media type.
        kind: what it is, such as ``"image"``.

    Returns:
        ``type`` and what is known of ``name``, ``media_type``, ``size`` (bytes) and ``digest``.
    """
    if type(value) is tuple and len(value) > 1:
        named = {"name": value[0], "media_type": value[2] if len(value) > 2 else None}
        return {"type": kind, **_strings(named), **_content(value[1])}
    return {"type": kind, **_content(value)}


def _strings(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if type(value) is str}


def _content(value: Any) -> dict[str, Any]:
    # Exact types only: the methods of a subclass are the program's own code.
    kind = type(value)
    if kind is io.BytesIO:
        value, kind = value.getvalue(), bytes
    if kind is bytes or kind is bytearray or kind is memoryview:
        placeholder = bytes_placeholder(value)
        return {"size": placeholder["size"], "digest": placeholder["digest"]}
    if kind is io.BufferedReader and not value.closed:
        return _of_open_file(value)
    # A path, in words; of anything else, what it is.
    found = Snapshot(1_024, 1).take(value)
    return {"name": os.path.basename(found) if type(found) is str else type_label(kind)}


def _of_open_file(file: io.BufferedReader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if type(file.raw) is io.FileIO:
        found["size"] = os.fstat(file.fileno()).st_size
        if type(file.name) is str:
            found["name"] = os.path.basename(file.name)
    return found
