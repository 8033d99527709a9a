"""Trace and span ids: 128 and 64 random bits, as OpenTelemetry has them (https://www.w3.org/TR/trace-context/).

The generator is our own, seeded from the operating system, so a program that seeds ``random`` for reproducible runs
neither sees its sequence disturbed nor gets equal ids in every run. A pid check at each use reseeds it in a forked
child, even where C code forks without running Python's fork hooks.
"""

from __future__ import annotations

# The C type alone: `import random` costs milliseconds (hashlib, statistics tables) that a process start would pay.
from _random import Random
from os import getpid, urandom

TRACE_BITS = 128
SPAN_BITS = 64
_HEX_DIGITS = frozenset("0123456789abcdef")

_random = Random()
_seeded_for = 0


def bits(count: int) -> int:
    """Random bits that no other process and no forked child draws as well; never 0, which is the invalid id."""
    global _seeded_for
    if getpid() != _seeded_for:
        _random.seed(int.from_bytes(urandom(32), "big"))
        _seeded_for = getpid()
    return _random.getrandbits(count) or 1


def trace_hex(number: int) -> str:
    """The 32 lower-case hex digits of a trace id."""
    return f"{number:032x}"


def span_hex(number: int) -> str:
    """The 16 lower-case hex digits of a span id."""
    return f"{number:016x}"


def is_hex(text: str) -> bool:
    """Whether a text is lower-case hex digits and nothing else.

    int() also takes signs, spaces, underscores, a leading 0x and the digits of other scripts.
    """
    return _HEX_DIGITS.issuperset(text)


def trace_number_of(text: str) -> tuple[int, bool]:
    """The trace id that a user's string stands for: its hex digits (a UUID's too), else a hash of it.

    Returns:
        The number, and whether the string was an id itself (False: it was hashed).
    """
    return _number_of(text, TRACE_BITS)


def span_number_of(text: str) -> tuple[int, bool]:
    """The span id that a user's string stands for; see :func:`trace_number_of`."""
    return _number_of(text, SPAN_BITS)


def _number_of(text: str, size: int) -> tuple[int, bool]:
    digits = text.replace("-", "").lower()
    number = int(digits, 16) if len(digits) == size // 4 and is_hex(digits) else 0
    if number:
        return number, True
    from hashlib import blake2b  # rarely needed, and milliseconds to import

    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size // 8).digest()
    return int.from_bytes(digest, "big") or 1, False
