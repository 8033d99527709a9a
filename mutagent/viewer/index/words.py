"""What can be searched: the text of spans, and what a person types into the search field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mutagent.store.fields import Span, text
from mutagent.viewer.index.facts import clean

# Of one input or output; a program's default keeps 128 KiB of each.
_MOST_CHARACTERS = 65_536
_MOST_WORDS = 16
# Scripts that write without spaces: each character is a word, else only the beginnings of sentences would be found.
_UNSPACED = re.compile("([\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")
_PHRASE_OR_WORD = re.compile(r'"([^"]*)"?|(\S+)')
_ANYTHING = re.compile(r"\w")


def text_of(span: Span) -> str:
    """What of a span can be found: its name, what went wrong, and the text of its input and output."""
    parts = [text(span, "name"), text(span, "model"), text(span, "statusMessage")]
    for key in ("input", "output"):
        parts.append(_io_text(span.get(key)))
    return spaced(clean("\n".join(filter(None, parts)).replace("\x00", " ")))


def spaced(value: str) -> str:
    """The text with the characters of unspaced scripts set apart."""
    return value if value.isascii() else _UNSPACED.sub(r" \1 ", value)


def query_of(typed: str) -> str | None:
    """The full-text query for what was typed: every word, by its beginning, and every "quoted phrase", or None."""
    terms = []
    for phrase, word in _PHRASE_OR_WORD.findall(typed)[:_MOST_WORDS]:
        words = spaced(clean(phrase or word).replace("\x00", " ")).replace('"', " ").strip()
        if _ANYTHING.search(words):
            terms.append(f'"{words}"' if phrase else f'"{words}"*')
    return " ".join(terms) or None


def _io_text(value: Any) -> str:
    pieces: list[str] = []
    room = _MOST_CHARACTERS
    for piece in _strings(value):
        pieces.append(piece[:room])
        room -= len(piece)
        if room <= 0:
            break
    return "\n".join(pieces)


def _strings(value: Any) -> Iterator[str]:
    """Every string within, in order; a stack, because a value may be nested deeper than Python's."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting.extend(reversed(list(found.values())))
        elif isinstance(found, list):
            waiting.extend(reversed(found))
