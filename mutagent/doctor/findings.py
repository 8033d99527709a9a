"""What the doctor finds: one line each, with its reason and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

OK, NOTE, WARNING, PROBLEM = "ok", "note", "warning", "problem"
# From harmless to grave.
LEVELS = (OK, NOTE, WARNING, PROBLEM)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        level: ``ok``; ``note``, good to know; ``warning``, spans may be lost or be missing; ``problem``, they are.
        about: what was looked at, in a word or two.
        what: what was found, in one sentence.
        why: the reason, where there is one to give.
        do: what to do about it; every warning and problem has this.
        facts: the same for a program, JSON-safe.
    """

    level: str
    about: str
    what: str
    why: str = ""
    do: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Section(NamedTuple):
    """Findings of one group, under its name (for programs) and its title (for people)."""

    name: str
    title: str
    findings: list[Finding]


def count(sections: list[Section], level: str) -> int:
    """How many findings are of this level."""
    return sum(finding.level == level for section in sections for finding in section.findings)


def worst(levels: list[str]) -> str:
    """The gravest of these levels; ``ok`` for none."""
    return max(levels, key=LEVELS.index, default=OK)
