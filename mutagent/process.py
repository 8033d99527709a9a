"""The process around the spans: its end, its forks, its signals.

The only file with atexit, signals, fork hooks and multiprocessing. Nothing here waits for longer than
``exit_timeout_ms``.
"""

from __future__ import annotations

import _imp
import _thread
import os
import sys
from collections.abc import Callable
from time import sleep
from typing import TYPE_CHECKING, Any

from mutagent import hosts
from mutagent.guard import Guard, guarded, record_failure
from mutagent.loading import without_waiting

if TYPE_CHECKING:
    from mutagent.tracing.runtime import Live

# Seconds that a fork waits for the local store to finish a write.
_FORK_SECONDS = 0.5
# Seconds after which a signal that came at a bad moment is sent again.
_MOMENT = 0.001
# After the program's own finalizers, whose spans are still wanted.
_LAST = -100
# Seconds of a shutdown that was interrupted: enough to write the spool.
_HURRY = 0.4


class _State:
    """What this process has set up; a forked child inherits it together with the registrations it stands for."""

    def __init__(self) -> None:
        self.live: Live | None = None
        self.end_watched = False
        self.forked = False
        self.left = False
        self.sigterm_settled = False
        self.multiprocessing_told = False
        self.resume_after_fork: list[Callable[[], None]] = []
        # A parent's pipelines: collecting them in the child would close files and sockets that the parent works with.
        self.inherited: list[Any] = []


_state = _State()


def watch_forks(live: Live) -> None:
    """Start anew in the forks of this process, whenever they come; a second call does nothing.

    Args:
        live: where the pipeline of the moment is found.
    """
    if _state.live is not None:
        return
    _state.live = live
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork_in_child)


def watch(live: Live) -> None:
    """Deliver what is left when this process ends, and start anew in its forks; a second call does nothing.

    Args:
        live: where the pipeline of the moment is found.
    """
    watch_forks(live)
    if _state.end_watched:
        return
    import atexit

    _state.end_watched = True
    atexit.register(_leave)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork)
    # Of a forkserver's child this may be early: it imports the main module before multiprocessing makes it one.
    _tell_multiprocessing()
    hosts.tell_celery(_leave)
    if _is_multiprocessing_child():
        guarded("multiprocessing", _finalize)


def settle_sigterm() -> bool:
    """Called when a library that we trace is loaded, and as spans start until it returns True: nothing is left to do.

    Under auto mode it takes SIGTERM, which otherwise ends a program without its exit handlers. That can only be done on
    the main thread, on which in some programs no span ever starts.
    """
    if not _state.sigterm_settled:
        _state.sigterm_settled = not _wants_sigterm() or _take_sigterm()
    return _state.sigterm_settled


def is_forked() -> bool:
    """Whether this process was forked from one that watched its spans."""
    return _state.forked


def on_running_loop() -> bool:
    """Whether an event loop runs on this thread."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def leave_last() -> None:
    """The last of all exit handlers: deliver, unless ours has run.

    The interpreter forgets a handler that is registered while it runs them, as ours is where the program's first span
    is one of its own exit handler's.
    """
    if _state.live is not None and not _state.left:
        _leave()


def _leave() -> None:
    """The end: what can't be delivered in time is spooled."""
    _state.left = True
    pipeline = None if _state.live is None else _state.live.pipeline
    if pipeline is not None:
        _shut_down(pipeline)
    if os.environ.get("MUTAGENT_SUMMARY_PID") == str(os.getpid()):
        from mutagent.export.summary import print_summary

        guarded("summary", print_summary, pipeline)
    _stay_interrupted()


def _shut_down(pipeline: Any) -> None:
    """Within the bound; who presses Ctrl-C again meanwhile, or whose handler raises, waits no longer and loses nothing.

    There is nobody left to raise to: the program is over, and only we keep the process.
    """
    for timeout in (pipeline.settings.exit_timeout_ms / 1000, _HURRY):
        try:
            pipeline.shutdown(timeout)
            return
        except BaseException as error:
            record_failure("exit", error)


def _stay_interrupted() -> None:
    """A program that dies of an unhandled KeyboardInterrupt dies of SIGINT, whatever our threads have imported since.

    The interpreter remembers the unhandled exception until the next ``exec`` of a string, on any thread; namedtuple and
    dataclass are made so. The way to have it remember again is to let one leave such an ``exec``.
    https://github.com/python/cpython/blob/v3.11.7/Python/pythonrun.c#L1686
    """
    if getattr(sys, "last_type", None) is KeyboardInterrupt and not hasattr(sys, "ps1"):
        try:
            exec("raise KeyboardInterrupt", {})
        except KeyboardInterrupt:
            pass


# -- forks


def _before_fork() -> None:
    _tell_multiprocessing()
    hosts.tell_celery(_leave)
    pipeline = None if _state.live is None else _state.live.pipeline
    if pipeline is not None and hasattr(pipeline, "pause"):
        _state.resume_after_fork = guarded("fork", pipeline.pause, _FORK_SECONDS) or []


def _after_fork() -> None:
    resume, _state.resume_after_fork = _state.resume_after_fork, []
    for each in resume:
        guarded("fork", each)


def _after_fork_in_child() -> None:
    _state.forked = True
    _state.left = False
    _state.resume_after_fork = []
    guarded("fork", _free_imports)
    if _state.live is None:
        return
    from mutagent.tracing.runtime import after_fork_in_child

    _state.inherited.append(_state.live.pipeline)
    guarded("fork", after_fork_in_child)


def _free_imports() -> None:
    """What a thread of the parent was importing at the fork, nobody would ever finish here; it is imported anew.

    The interpreter frees its own import lock in a child, the locks of single modules it leaves as they are:
    whoever imports such a module waits for ever, the program's own code as well.
    """
    import _frozen_importlib

    me, locks = _thread.get_ident(), _frozen_importlib._module_locks  # type: ignore[attr-defined]
    for name, reference in list(locks.items()):
        lock = reference()
        if lock is not None and lock.owner not in (None, me):
            del locks[name]
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if getattr(spec, "_initializing", False):
                del sys.modules[name]


def _tell_multiprocessing() -> None:
    """Where it is loaded, have its children deliver at their end.

    atexit does not run in children that it forks (cpython#83856), finalizers do; those registered before the fork are
    cleared, so the child registers its own.
    """
    util = sys.modules.get("multiprocessing.util")
    if util is not None and not _state.multiprocessing_told:
        _state.multiprocessing_told = True
        guarded("multiprocessing", util.register_after_fork, _finalize, lambda finalize: finalize())


def _is_multiprocessing_child() -> bool:
    found = sys.modules.get("multiprocessing.process")
    return found is not None and guarded("multiprocessing", found.parent_process) is not None


def _finalize() -> None:
    from multiprocessing.util import Finalize

    Finalize(None, _leave, exitpriority=_LAST)


# -- SIGTERM


def _wants_sigterm() -> bool:
    from mutagent.auto.activation import is_active

    if not is_active() or "MUTAGENT_SIGTERM" not in os.environ:
        return is_active()  # 2 ms of settings are for the first span, not for an import
    from mutagent.config import read_variable

    return guarded("MUTAGENT_SIGTERM", read_variable, "MUTAGENT_SIGTERM", os.environ) is not False


def _take_sigterm() -> bool:
    """Whether it is settled; it is not on any thread but the main one."""
    import signal

    with Guard("SIGTERM"):
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            hosts.tell_uvicorn()
            return True
        try:
            # The attempt tells: a greenlet of the main thread is no thread of its own, though it has its own ident.
            signal.signal(signal.SIGTERM, _on_sigterm)
        except ValueError:
            return False
    return True


def _on_sigterm(number: int, frame: Any) -> None:
    """Deliver within the bound, then die of the signal as the program would have."""
    if _imp.lock_held() and guarded("SIGTERM", _thread.start_new_thread, _send_again, (number,)) is not None:
        return
    hosts.where_waiting_is_allowed(lambda: _die(number))


def _send_again(number: int) -> None:
    """For a handler that has interrupted an import in its innermost part: no thread could import anything meanwhile."""
    sleep(_MOMENT)
    os.kill(os.getpid(), number)


def _die(number: int) -> None:
    import signal

    with without_waiting():
        _leave()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
