"""Text that is safe to print, measured in terminal columns; and numbers as people read them."""

from __future__ import annotations

import re
import unicodedata

# Whole escape sequences go, so that no "[31m" stays behind: string sequences (titles, clipboard, links), then CSI and
# the short ones. https://www.xfree86.org/current/ctlseqs.html
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85]")
# What is left of control characters, and the invisible ones that reorder the text around them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")


def clean(value: str) -> str:
    """The text without anything that drives a terminal; newlines stay, tabs become spaces.

    Names, prompts and answers are written by models and strangers: printing them raw would let a trace move the cursor,
    set the window's title or hide lines.
    """
    value = _LINE_ENDS.sub("\n", _ESCAPES.sub("", value)).expandtabs(4)
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", value))


def one_line(value: str, limit: int = 2000) -> str:
    """The beginning of the cleaned text on one line; ``limit`` characters of it are looked at."""
    return _BLANKS.sub(" ", clean(value[:limit])).strip()


def columns_of(value: str) -> int:
    """How many terminal columns a line takes: wide characters two, combining ones none."""
    return len(value) if value.isascii() else sum(map(_columns, value))


def fit(value: str, columns: int, ellipsis: str = "…") -> str:
    """The line cut to this many columns, ending in ``ellipsis`` where something was cut."""
    if columns_of(value) <= columns:
        return value
    room, kept = columns - len(ellipsis), []
    for character in value:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return ("".join(kept).rstrip() + ellipsis)[: max(columns, 0)]


def pad(value: str, columns: int, right: bool = False) -> str:
    """The line filled up with spaces to this many columns, on its left side where ``right``-aligned."""
    filling = " " * max(0, columns - columns_of(value))
    return filling + value if right else value + filling


def duration(milliseconds: float | None) -> str:
    """``0.4 ms``, ``812 ms``, ``3.42 s``, ``2m 05s``, ``1h 02m``; "" for None."""
    if milliseconds is None:
        return ""
    if milliseconds < 999.5:
        return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}m {seconds:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


def cost(usd: float | None) -> str:
    """``$0.0123``, ``$4.20``; "" for None."""
    if usd is None:
        return ""
    if 0 < usd < 0.0001:
        return "<$0.0001"
    return f"${usd:,.4f}" if usd < 1 else f"${usd:,.2f}"


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
