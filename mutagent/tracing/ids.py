"""Trace and span ids: 128 and 64 random bits, as OpenTelemetry has them (https://www.w3.org/TR/trace-context/).

The generator is our own, seeded from the operating system, so a program that seeds ``random`` for reproducible runs
neither sees its sequence disturbed nor gets equal ids in every run. A check at each use reseeds it in a forked child,
even where C code forks without running Python's fork hooks.
"""

from __future__ import annotations

import sys

# The C type alone: `import random` costs milliseconds (hashlib, statistics tables) that a process start would pay.
from _random import Random
from os import getpid, urandom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TRACE_BITS = 128
SPAN_BITS = 64
_HEX_DIGITS = frozenset("0123456789abcdef")
# https://man7.org/linux/man-pages/man2/madvise.2.html; the mmap module has no name for it.
_MADV_WIPEONFORK = 18

_random = Random()
draw = _random.getrandbits
# The first byte is not 0 where this process has seeded the generator.
seeded: Any = b"\0"


def bits(count: int) -> int:
    """Random bits that no other process and no forked child draws as well; never 0, which is the invalid id."""
    if not seeded[0]:
        seed()
    return draw(count) or 1


def seed() -> None:
    """Seed the generator from the operating system, and remember that this process has."""
    global seeded
    _random.seed(int.from_bytes(urandom(32), "big"))
    if type(seeded) is bytes:
        seeded = _wiped_in_children() or _Pid()
    seeded[0] = 1


def _wiped_in_children() -> Any:
    """Memory that the kernel fills with zeros in a forked child; None where it can't.

    Reading it takes 30 ns. Asking for the process id is a system call, which takes 300 to 500: as much as all else that
    an id costs, twice.
    """
    if sys.platform != "linux":
        return None
    import mmap

    page = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        page.madvise(_MADV_WIPEONFORK)
    except OSError:
        return None
    return page


class _Pid:
    """Stands for such memory by comparing process ids."""

    __slots__ = ("_seeded_for",)

    def __getitem__(self, index: int) -> bool:
        return self._seeded_for == getpid()

    def __setitem__(self, index: int, value: int) -> None:
        self._seeded_for = getpid()


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
