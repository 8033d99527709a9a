"""What the store's file is called and what stands in it: the part that never changes within one format version."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mutagent.config import SETTINGS, read_variable

FORMAT_VERSION = 1
# The version is part of the name: two SDK versions on one host then never migrate, or lock out, each other's file.
FILE_NAME = f"traces-v{FORMAT_VERSION}.sqlite3"

# One row per written state of a span: an open span may be written first and once more when it has ended. `seq` grows in
# commit order and is never reused, so a reader that remembers the last one it saw misses nothing.
CREATE_TABLE = """\
CREATE TABLE IF NOT EXISTS spans (
  seq INTEGER PRIMARY KEY,
  trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL,
  written_ns INTEGER NOT NULL,
  header TEXT NOT NULL,
  body TEXT NOT NULL
)"""
# SQLite appends the row's `seq` to the index, so "is there an earlier row of this trace?" never touches the table.
CREATE_INDEX = "CREATE INDEX IF NOT EXISTS spans_of_trace ON spans (trace_id)"
INSERT = "INSERT INTO spans (trace_id, span_id, written_ns, header, body) VALUES (?, ?, ?, ?, ?)"


class Row(Protocol):
    """An encoded span, as the exporters get it."""

    @property
    def trace_id(self) -> str:
        """32 lower-case hex digits."""

    @property
    def span_id(self) -> str:
        """16 lower-case hex digits."""

    @property
    def ended(self) -> bool:
        """False: a state of a span that is still running."""

    @property
    def header(self) -> bytes:
        """JSON object: the trace's fields, without ``startTime`` and ``spans``."""

    @property
    def body(self) -> bytes:
        """JSON object: the span."""


def values_of(span: Row, written_ns: int) -> tuple[str, str, int, str, str]:
    """What stands in the columns for a span.

    TEXT, not BLOB: SQLite's JSON functions and its shell read it. A byte that is no UTF-8 costs a character, no row.
    """
    body = span.body.decode("utf-8", "replace")
    if not span.ended:
        body = _without_end(body)
    return span.trace_id, span.span_id, written_ns, span.header.decode("utf-8", "replace"), body


def _without_end(body: str) -> str:
    """An open span's JSON without the end that the wire demands of every span: what tells it from an ended one."""
    try:
        fields = json.loads(body)
    except ValueError:
        return body
    for name in ("endTime", "durationMs"):
        fields.pop(name, None)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def default_home(environ: Mapping[str, str] | None = None) -> Path:
    """The directory of the store: ``MUTAGENT_HOME``, else ``~/.mutagent``.

    Args:
        environ: the environment to read; ``os.environ`` by default.
    """
    setting = next(setting for setting in SETTINGS if setting.name == "home")
    given = read_variable(setting.variable, os.environ if environ is None else environ)
    return Path(given or setting.default).expanduser()


def store_path(home: Path) -> Path:
    """The store's file below ``home``."""
    return home / FILE_NAME
