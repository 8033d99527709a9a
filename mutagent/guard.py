"""What goes wrong in our own code: counted, and never the program's to see.

Whatever mutagent does on behalf of a program (extract a request, patch a class, write a row) may fail; the program may
not. Code reached from a user's call runs through :func:`guarded` or inside :data:`guard`, and the failure is counted,
never raised. Where the call that this takes is too dear, a broad ``except`` of its own gives what it caught to
:func:`counted`; a test holds that none does without.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType, MethodType, TracebackType
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

# A reader of `mutagent doctor` wants the first failures, not the ten-thousandth repetition.
_KEEP = 20

failures: dict[str, int] = {}
first_errors: dict[str, str] = {}
_said: set[str] = set()


def record_failure(where: str, error: BaseException) -> None:
    """Count one failure of our own code under the name of the place it happened at.

    Args:
        where: a stable name of the place, such as ``"openai:Completions.create request"``.
        error: what was raised there.
    """
    failures[where] = failures.get(where, 0) + 1
    if where not in first_errors and len(first_errors) < _KEEP:
        # Only the type and our own words: str() of a foreign exception may run foreign code.
        first_errors[where] = type(error).__name__


def is_of_a_handler(error: BaseException) -> bool:
    """Whether a signal handler of the program's raised this in the middle of our code.

    It is the program's alarm, not our failure: swallowed, the program would never time out.
    """
    signals = sys.modules.get("_signal")
    if signals is None:
        return False
    handlers = [signals.getsignal(number) for number in range(1, signals.NSIG)]
    codes = {handler.__code__ for handler in handlers if type(handler) is FunctionType}
    codes |= {handler.__func__.__code__ for handler in handlers if type(handler) is MethodType}
    link = error.__traceback__
    while link is not None:
        if link.tb_frame.f_code in codes:
            return True
        link = link.tb_next
    return False


def guarded(where: str, function: Callable[..., T], *args: Any) -> T | None:
    """Call ``function(*args)`` and return its result, or None after counting the failure if it raises.

    KeyboardInterrupt, SystemExit and the like are not failures of ours and pass.
    """
    try:
        return function(*args)
    except Exception as error:
        if is_of_a_handler(error):
            raise
        record_failure(where, error)
        return None


def counted(where: str, error: Exception) -> bool:
    """For an ``except`` around our own code where the call that :func:`guarded` makes is too dear: count the failure.

    Returns:
        Whether it was one of ours; what is the program's has to go on, by ``raise``.
    """
    if is_of_a_handler(error):
        return False
    record_failure(where, error)
    return True


class Owner(Protocol):
    """Something that keeps its own count of our failures in it, such as a patched target."""

    def failed(self, step: str, error: Exception) -> None:
        """One step of ours failed."""


def counted_by(owner: Owner, step: str, error: Exception) -> bool:
    """Like :func:`counted`, telling ``owner`` about the failure, who counts and decides."""
    if is_of_a_handler(error):
        return False
    owner.failed(step, error)
    return True


def attempt(owner: Owner, step: str, function: Callable[..., T], *args: Any) -> T | None:
    """Like :func:`guarded`, telling ``owner`` about the failure, who counts and decides."""
    try:
        return function(*args)
    except Exception as error:
        if is_of_a_handler(error):
            raise
        owner.failed(step, error)
        return None


class Guard:
    """``with Guard("place"): ...`` swallows and counts every Exception raised in the block."""

    __slots__ = ("where",)

    def __init__(self, where: str) -> None:
        self.where = where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception) or is_of_a_handler(error):
            return False
        record_failure(self.where, error)
        return True


def say_once(key: str, line: str) -> None:
    """Write one line on stderr, the first time this key is said in this process.

    Args:
        key: what the line is about; later lines with the same key are dropped.
        line: the text, without the ``mutagent: `` prefix and the newline, which are added.
    """
    if key in _said:
        return
    _said.add(key)
    say(line)


def say(line: str) -> None:
    """Write one line on stderr; a closed, full or missing stderr is not our user's problem."""
    try:
        stream = sys.stderr
        if stream is not None:
            stream.write(f"mutagent: {line}\n")
            stream.flush()
    except Exception as error:
        record_failure("stderr", error)


def forget() -> None:
    """Start counting anew: for a forked child, and between tests."""
    failures.clear()
    first_errors.clear()
    _said.clear()
