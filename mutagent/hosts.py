"""What particular hosts of a program's functions need, so that nothing is lost with them.

None of them is imported here: what is not loaded is not the host.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from mutagent.guard import Guard, say_once

_SERVERLESS = ("AWS_LAMBDA_FUNCTION_NAME", "FUNCTIONS_WORKER_RUNTIME")
_UVICORN_SECONDS = 2.0
_told: set[str] = set()


def is_serverless() -> bool:
    """Whether threads stand still between requests: the host freezes this process, or runs but one thread of it."""
    return any(name in os.environ for name in _SERVERLESS) or _is_uwsgi_without_threads()


def _is_uwsgi_without_threads() -> bool:
    options = getattr(sys.modules.get("uwsgi"), "opt", None)
    if type(options) is not dict or {"enable-threads", "threads"} & options.keys():
        return False
    say_once("uwsgi", "uWSGI runs without --enable-threads: requests wait until their spans are delivered.")
    return True


def tell_celery(leave: Callable[[], None]) -> None:
    """Have prefork children call ``leave`` at their end, which runs neither atexit handlers nor finalizers.

    https://github.com/open-telemetry/opentelemetry-python-contrib/issues/4916
    """
    signals = sys.modules.get("celery.signals")
    if signals is None or "celery" in _told:
        return
    _told.add("celery")
    with Guard("celery"):
        signals.worker_process_shutdown.connect(lambda **_: leave(), weak=False)


def tell_uvicorn() -> None:
    """Have its server flush at its end: it puts back the default handler of SIGTERM and then dies of the signal.

    https://github.com/encode/uvicorn/pull/1600
    """
    server = getattr(sys.modules.get("uvicorn.server"), "Server", None)
    if server is None or "uvicorn" in _told:
        return
    _told.add("uvicorn")
    with Guard("uvicorn"):
        server.shutdown = _flushing(server.shutdown)


def _flushing(shutdown: Callable[..., Any]) -> Callable[..., Any]:
    from functools import wraps

    from mutagent.tracing.runtime import flush_off_the_loop

    @wraps(shutdown)
    async def flushing(*args: Any, **kwargs: Any) -> Any:
        try:
            return await shutdown(*args, **kwargs)
        finally:
            await flush_off_the_loop(_UVICORN_SECONDS)

    return flushing


def prepare_resolver() -> None:
    """Have gevent start one of the native threads that look up host names: at its end Python 3.12 starts none."""
    gevent, monkey = sys.modules.get("gevent"), sys.modules.get("gevent.monkey")
    with Guard("gevent"):
        if gevent is not None and monkey is not None and monkey.is_module_patched("socket"):
            gevent.get_hub().threadpool.apply(int)


def where_waiting_is_allowed(function: Callable[[], None]) -> None:
    """Call a function that waits; from gevent's hub, in which it runs signal handlers when idle, on a greenlet."""
    gevent = sys.modules.get("gevent")
    with Guard("gevent"):
        if gevent is not None and gevent.getcurrent() is gevent.get_hub():
            gevent.spawn(function)
            return
    function()
