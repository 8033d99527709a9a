"""Counts of what has been encoded, kept by each thread for itself.

Under one lock for all, two threads that encode (the worker, and a producer that helps it) came to take turns: each woke
up with the lock, waited for the interpreter, and found the other waiting for the lock. That was two switches a span,
and half of what 100,000 of them cost.
"""

from __future__ import annotations

from _thread import get_ident
from dataclasses import fields

from mutagent.export.receipt import Totals

_COUNTS = tuple(field.name for field in fields(Totals))


class Tally:
    """One thread's counts: the spans that it took from the queue, and what those that ended add up to."""

    __slots__ = ("handled", "totals")

    def __init__(self) -> None:
        self.handled = 0
        self.totals = Totals()


class Tallies:
    """The counts of all threads."""

    def __init__(self) -> None:
        self._by_thread: dict[int, Tally] = {}

    def mine(self) -> Tally:
        """The running thread's, which nobody else writes to."""
        me = get_ident()
        found = self._by_thread.get(me)
        if found is None:
            found = self._by_thread[me] = Tally()
        return found

    def sum(self) -> tuple[int, Totals]:
        """How many spans were taken from the queue, and what those that ended add up to."""
        handled, totals = 0, Totals()
        for tally in list(self._by_thread.values()):
            handled += tally.handled
            for name in _COUNTS:
                setattr(totals, name, getattr(totals, name) + getattr(tally.totals, name))
        return handled, totals
