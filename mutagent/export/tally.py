"""Counts of what has been encoded, kept by each thread for itself.

Under one lock for all, two threads that encode (the worker, and a producer that helps it) came to take turns: each woke
up with the lock, waited for the interpreter, and found the other waiting for the lock. That was two switches a span,
and half of what 100,000 of them cost.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from dataclasses import fields

from mutagent.export.receipt import Totals

_COUNTS = tuple(field.name for field in fields(Totals))
# Threads of the system use few ids again and again; greenlets, whose ids gevent puts in their place, do not.
_MOST = 256


class Tally:
    """One thread's counts: the spans that it took from the queue, and what those that ended add up to."""

    __slots__ = ("handled", "totals")

    def __init__(self) -> None:
        self.handled = 0
        self.totals = Totals()

    def add(self, other: Tally) -> None:
        """Count what another has counted."""
        self.handled += other.handled
        for name in _COUNTS:
            setattr(self.totals, name, getattr(self.totals, name) + getattr(other.totals, name))


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
            if len(self._by_thread) > _MOST:
                self._take_over(me, found)
        return found

    def _take_over(self, me: int, mine: Tally) -> None:
        """Add the counts of threads that are gone to the running one's. Greenlets come back for a new tally."""
        kept = {me, *sys._current_frames()}
        for thread in list(self._by_thread):
            left = None if thread in kept else self._by_thread.pop(thread, None)
            if left is not None:
                mine.add(left)

    def sum(self) -> tuple[int, Totals]:
        """How many spans were taken from the queue, and what those that ended add up to."""
        total = Tally()
        for tally in list(self._by_thread.values()):
            total.add(tally)
        return total.handled, total.totals
