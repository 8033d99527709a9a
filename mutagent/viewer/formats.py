"""How values read on a page. Whatever is printed goes through :func:`printable` and is escaped after it."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from markupsafe import Markup, escape

from mutagent.terminal.text import cost, duration

# Control characters have pictures of their own; those that turn the text around would hide what it says.
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: "\u2421"}
_TURNING = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
_HARMLESS = _PICTURES | _TURNING
_SURROGATES = re.compile("[\ud800-\udfff]")
_TOKENS = re.compile(r'("(?:[^"\\\n]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b')
# Beyond this, colours cost more than they tell.
_MOST_COLOURED = 60_000


def printable(value: Any) -> Any:
    """The text with nothing in it that acts; markup made here stays what it is."""
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return _SURROGATES.sub("\ufffd", value.replace("\r\n", "\n").translate(_HARMLESS))


def json_markup(value: str) -> Markup:
    """JSON text in colours."""
    text = str(printable(value))
    if len(text) > _MOST_COLOURED:
        return escape(text)
    pieces, done = [], 0
    for match in _TOKENS.finditer(text):
        pieces.append(escape(text[done : match.start()]))
        pieces.append(Markup('<span class="{}">{}</span>').format(_tone(match), match.group(1) or match.group()))
        pieces.append(escape(match.group(2) or ""))
        done = match.end()
    return Markup("").join([*pieces, escape(text[done:])])


def _tone(match: re.Match[str]) -> str:
    if match.group(1):
        return "jk" if match.group(2) else "js"
    return "jw" if match.group()[0] in "tfn" else "jn"


def count(value: float | None) -> str:
    """``1,204``; "" for None."""
    return "" if value is None else f"{value:,.0f}"


def short(value: float | None) -> str:
    """``950``, ``1.2k``, ``3.4M``; "" for None."""
    if value is None:
        return ""
    for limit, size, unit in ((1e3, 1, ""), (1e6, 1e3, "k"), (1e9, 1e6, "M"), (1e15, 1e9, "G")):
        if value < limit * 0.9995:
            return f"{value / size:.0f}{unit}" if value / size >= 99.5 or size == 1 else f"{value / size:.1f}{unit}"
    return f"{value:.1e}"


def tokens(given: int | None, made: int | None) -> str:
    """``1.2k → 340``; "" where neither is known."""
    return "" if given is None and made is None else f"{short(given) or '?'} → {short(made) or '?'}"


def local(micros: int) -> datetime:
    """The local time; the epoch for what no calendar has."""
    try:
        return datetime.fromtimestamp(micros / 1e6).astimezone()
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, timezone.utc)


def when(micros: int) -> str:
    """The time of day, with the date where it is not today's."""
    found, now = local(micros), datetime.now().astimezone()
    if found.date() == now.date():
        return f"{found:%H:%M:%S}"
    return f"{found:%b} {found.day} {found:%H:%M}" if found.year == now.year else f"{found:%Y-%m-%d}"


def full_time(micros: int) -> str:
    """Date and time to the millisecond."""
    found = local(micros)
    return f"{found:%Y-%m-%d %H:%M:%S}.{found.microsecond // 1000:03d}"


def machine_time(micros: int) -> str:
    """ISO 8601, for the ``datetime`` attribute."""
    return local(micros).isoformat(timespec="milliseconds")


def ago(micros: int) -> str:
    """``just now``, ``12 min ago``, ``3 h ago``, ``5 days ago``."""
    seconds = max(0.0, (datetime.now().astimezone() - local(micros)).total_seconds())
    if seconds < 60:
        return "just now"
    for limit, size, unit in ((3600, 60, "min"), (86_400, 3600, "h"), (86_400 * 2, 86_400, "day")):
        if seconds < limit:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds // 86_400:.0f} days ago"


def percent(share: float) -> str:
    """``37%``; ``<1%`` for what is not nothing."""
    return "<1%" if 0 < share < 0.01 else f"{share:.0%}"


def plural(number: int, noun: str) -> str:
    """``1 span``, ``1,204 spans``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


FILTERS = {
    "ago": ago, "cost": cost, "count": count, "duration": duration, "full_time": full_time, "json": json_markup,
    "machine_time": machine_time, "percent": percent, "short": short, "when": when,
}  # fmt: skip
GLOBALS = {"plural": plural, "tokens": tokens}
