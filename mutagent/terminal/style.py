"""What a terminal can show: colours, box-drawing characters, its width."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_TREE_WIDTH = 100
_MOST_TREE_WIDTH = 140
_BAR_COLUMNS = 24
# Narrower than this, the names need the room more.
_LEAST_WIDTH_FOR_BARS = 90


@dataclass(frozen=True, slots=True)
class Style:
    """The characters to draw with, and whether to colour."""

    color: bool = False
    fork: str = "├─ "
    last: str = "└─ "
    line: str = "│  "
    ellipsis: str = "…"
    arrow: str = "→"
    cross: str = "✗"
    dot: str = "·"
    bar: str = "━"

    def paint(self, value: str, color: str) -> str:
        """The text in this colour (``bold``, ``dim``, ``red``, ...), or as it is where colours are off."""
        return f"\x1b[{_CODES[color]}m{value}\x1b[0m" if self.color and value else value


PLAIN = Style()
ASCII = Style(fork="|- ", last="`- ", line="|  ", ellipsis="...", arrow="->", cross="x", dot="|", bar="=")


def style_for(stream: TextIO, environ: Mapping[str, str] | None = None) -> Style:
    """The style for a stream: ASCII where its encoding has no box-drawing characters, colour on a terminal only.

    ``NO_COLOR`` (https://no-color.org) and ``TERM=dumb`` switch colours off.
    """
    environ = os.environ if environ is None else environ
    color = is_terminal(stream) and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    plain = PLAIN if _encodes_boxes(stream) else ASCII
    return replace(plain, color=color)


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody reads this stream on a terminal; a closed one is none."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def list_width(stream: TextIO) -> int | None:
    """Columns for a table: the terminal's, or None (no limit) in a pipe, where nothing must be cut off."""
    return _terminal_width() if is_terminal(stream) or "COLUMNS" in os.environ else None


def tree_width(stream: TextIO) -> int:
    """Columns for a tree: the terminal's, but no more than lines are readable in; 100 in a pipe."""
    return min(list_width(stream) or _TREE_WIDTH, _MOST_TREE_WIDTH)


def bar_columns(stream: TextIO) -> int:
    """Columns for the bars of a tree: none on a narrow terminal, and none in a pipe, where programs read."""
    return _BAR_COLUMNS if is_terminal(stream) and tree_width(stream) >= _LEAST_WIDTH_FOR_BARS else 0


def _terminal_width() -> int:
    return max(shutil.get_terminal_size((_TREE_WIDTH, 24)).columns, 20)


def _encodes_boxes(stream: TextIO) -> bool:
    try:
        "├─└│…→✗·━".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError, AttributeError):
        return False
    return True
