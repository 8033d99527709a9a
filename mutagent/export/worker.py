"""A thread of ours: asleep until something is due or asked for, never started before there is work.

Its wake-up is one semaphore, so that a producer (a signal handler, a finaliser, a callback within another lock) never
waits and never re-enters a lock. Where no thread can be started or it is gone, whoever asks runs the step itself.
"""

from __future__ import annotations

import _thread

# Here, though unused, so that the program's thread imports them and not ours. The thread that first imports threading
# becomes its "main thread", for which the interpreter waits at exit. The others register fork hooks in pairs; imported
# while another thread is between the two halves of a fork, the second half would fail.
import logging  # noqa: F401
import os
import threading  # noqa: F401
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

try:
    import concurrent.futures.thread  # noqa: F401
except RuntimeError:
    pass  # the first span of all is one of an exit handler's, when this can't be loaded any more

from mutagent.guard import guarded
from mutagent.tracing.context import current
from mutagent.tracing.span import RemoteSpan
from mutagent.tracing.tracer import Reader

Step = Callable[[float | None], float | None]


# A parent that was sampled out: what starts under it isn't recorded.
_OURS = RemoteSpan(1, 1, False)


def is_ours() -> bool:
    """Whether the running code works for us, not for the program."""
    return current.get() is _OURS


@contextmanager
def unrecorded() -> Iterator[None]:
    """Nothing that this code calls (a user's mask, an instrumented HTTP library) makes spans of its own."""
    outer = current.get()
    current.set(_OURS)
    try:
        yield
    finally:
        current.set(outer)


class Worker:
    """Runs ``step`` on a daemon thread.

    Args:
        step: does what is due, or with a deadline (``time.monotonic()``) everything that can be done before it; returns
            the seconds after which it wants to run again, None for not before it is woken.
        pending: whether there is work that no ``wake`` may have told of.
        prepare: run once on the thread, before anything is due.
        waits: whether a step may wait for the network; what it imports it then imports in ``prepare``.
        nap: seconds that pass after a wake-up, so that what comes meanwhile is taken along.
    """

    def __init__(
        self,
        step: Step,
        pending: Callable[[], bool],
        prepare: Callable[[], None] | None = None,
        waits: bool = False,
        nap: float = 0.0,
    ) -> None:
        self._step = step
        self._pending = pending
        self._prepare = prepare
        self._waits = waits
        self._nap = nap
        # Only while it is asleep does work need a wake().
        self.reader = Reader(asleep=True)
        self._signal = _thread.allocate_lock()
        self._signal.acquire()
        self._turn = _thread.allocate_lock()
        self._requests: deque[tuple[float, _thread.LockType]] = deque()
        self._pid = 0
        self._ident = 0
        self._stopping = False
        self._prepared = False

    @property
    def alive(self) -> bool:
        """Whether its thread runs in this process."""
        return self._pid == os.getpid()

    def start(self) -> None:
        """Start the thread, unless it runs or none can be started any more."""
        if self.alive or self._stopping:
            return
        self._pid = os.getpid()
        try:
            # Not threading.Thread: its start() takes locks that a signal handler could find taken by its own thread.
            _thread.start_new_thread(self._run, ())
        except RuntimeError:
            self._pid = 0

    def wake(self) -> None:
        """Make the thread look at its work; starts it where there is none. Never waits."""
        self.start()
        try:
            self._signal.release()
        except RuntimeError:
            pass  # already signalled

    def stop(self) -> None:
        """Let the thread end after its current step; it is not waited for."""
        self._stopping = True
        try:
            self._signal.release()
        except RuntimeError:
            pass

    def run_all(self, deadline: float) -> bool:
        """Have everything done that can be done before ``deadline``, and wait for it.

        Returns:
            Whether the step came to its end; False also where this is called from within it.
        """
        if self._ident == _thread.get_ident() and self.alive:
            return False
        if not self.alive or self._stopping:
            return self._run_here(deadline)
        done = _thread.allocate_lock()
        done.acquire()
        self._requests.append((deadline, done))
        self.wake()
        return done.acquire(timeout=max(0.0, deadline - monotonic()))

    def pause(self, timeout: float) -> Callable[[], None] | None:
        """Keep the thread from its work, and above all from imports, while this process forks.

        A module that another thread is importing at the fork stays locked in the child for ever.

        Args:
            timeout: seconds to wait for a step under way.

        Returns:
            What ends the pause in the parent; None where there is none.
        """
        if not self.alive or self._ident == _thread.get_ident() or (self._waits and self._prepared):
            return None
        return self._turn.release if self._turn.acquire(timeout=timeout) else None

    def _run_here(self, deadline: float) -> bool:
        if not self._turn.acquire(blocking=False):
            return False
        try:
            with unrecorded():
                guarded("worker", self._step, deadline)
        finally:
            self._turn.release()
        return True

    def _run(self) -> None:
        self._ident = _thread.get_ident()
        try:
            with unrecorded():
                self._begin()
                self._loop()
        finally:
            self._pid = self._ident = 0
            self.reader.asleep = True

    def _begin(self) -> None:
        with self._turn:
            if self._prepare is not None:
                guarded("worker start", self._prepare)
            self._prepared = True

    def _loop(self) -> None:
        wait: float | None = 0.0
        while not self._stopping:
            self._rest(wait)
            with self._turn:
                wait = self._serve() if self._requests else guarded("worker", self._step, None)

    def _rest(self, wait: float | None) -> None:
        self.reader.asleep = True
        # After asleep is set, so that work which came before it is seen here and work after it wakes us.
        if not self._pending() and not self._requests:
            self._signal.acquire(timeout=-1 if wait is None else max(0.0, wait))
        self.reader.asleep = False
        if self._nap and not self._requests and not self._stopping:
            self._signal.acquire(timeout=self._nap)

    def _serve(self) -> float | None:
        wait: float | None = None
        while self._requests:
            deadline, done = self._requests.popleft()
            wait = guarded("worker", self._step, deadline)
            done.release()
        return wait
