"""The findings as text for people, or as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutagent import __version__
from mutagent.doctor.findings import LEVELS, NOTE, OK, PROBLEM, WARNING, Finding, Section, count
from mutagent.terminal.style import ASCII, Style
from mutagent.terminal.text import columns_of, one_line, pad

FORMAT = 1
_MARKS = {OK: "✓", NOTE: "·", WARNING: "!", PROBLEM: "✗"}
_ASCII_MARKS = {OK: "+", NOTE: "-", WARNING: "!", PROBLEM: "x"}
_COLORS = {OK: "green", NOTE: "dim", WARNING: "yellow", PROBLEM: "red"}
_INDENT = "  "
_MOST_ABOUT = 28


def as_json(sections: list[Section]) -> dict[str, Any]:
    """The form of ``mutagent doctor --json``; within one ``format`` fields are added, none is taken away."""
    return {
        "format": FORMAT,
        "mutagent": __version__,
        "healthy": not count(sections, PROBLEM),
        "counts": {level: count(sections, level) for level in LEVELS},
        "findings": [_plain(section, finding) for section in sections for finding in section.findings],
    }


def _plain(section: Section, finding: Finding) -> dict[str, Any]:
    return {
        "group": section.name,
        "level": finding.level,
        "about": finding.about,
        "what": finding.what,
        "why": finding.why,
        "do": finding.do,
        "facts": dict(finding.facts),
    }


def render(sections: list[Section], width: int, style: Style) -> str:
    """The findings as text, ending in a newline.

    Args:
        sections: what was found.
        width: columns to keep to.
        style: characters and colours.
    """
    abouts = [one_line(finding.about) for section in sections for finding in section.findings]
    about = min(max(map(columns_of, abouts), default=0), _MOST_ABOUT)
    lines: list[str] = []
    for section in sections:
        lines.append(style.paint(section.title, "bold"))
        for finding in section.findings:
            lines.extend(_lines(finding, about, width, style))
        lines.append("")
    return "\n".join([*lines, _sum(sections, style)]) + "\n"


def _lines(finding: Finding, about: int, width: int, style: Style) -> Iterator[str]:
    marks = _ASCII_MARKS if style.fork == ASCII.fork else _MARKS
    mark = style.paint(marks[finding.level], _COLORS[finding.level])
    label = one_line(finding.about)
    head = f"{_INDENT}{mark} {style.paint(pad(label, about), 'dim')}  "
    below = " " * (len(_INDENT) + 2 + about + 2)
    room = width - len(below)
    if columns_of(label) > about:
        yield head.rstrip()
        head = below
    color = _COLORS[finding.level] if finding.level in (WARNING, PROBLEM) else ""
    for line in _wrapped(finding.what, room):
        yield head + (style.paint(line, color) if color else line)
        head = below
    for line in _wrapped(finding.why, room):
        yield below + style.paint(line, "dim")
    before = f"{style.arrow} "
    for line in _wrapped(finding.do, room - columns_of(before)):
        yield below + before + line
        before = " " * columns_of(before)


def _wrapped(said: str, room: int) -> list[str]:
    from textwrap import wrap

    # A path or command in pieces can't be copied: long words stay whole.
    return wrap(one_line(said), max(room, 20), break_long_words=False, break_on_hyphens=False)


def _sum(sections: list[Section], style: Style) -> str:
    problems, warnings = count(sections, PROBLEM), count(sections, WARNING)
    counts = [_counted(number, word) for number, word in ((problems, "problem"), (warnings, "warning")) if number]
    if not counts:
        return style.paint("Nothing is wrong.", "green")
    return style.paint(" and ".join(counts) + ".", "red" if problems else "yellow")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
