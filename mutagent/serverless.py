"""For hosts that freeze a process as soon as it has answered: deliver before the answer is given.

Where AWS Lambda or Azure Functions is recognised, a span without a parent does so by itself when it ends. The wrapper
is for handlers of which that is not enough: asynchronous ones, and those of hosts that we don't know.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from mutagent.guard import guarded
from mutagent.tracing import runtime

Handler = TypeVar("Handler", bound=Callable[..., Any])


def flush_after(handler: Handler, timeout: float = 2.0) -> Handler:
    """Wrap a function so that the spans which have ended by its end are delivered before its caller goes on.

    Args:
        handler: what the host calls, a function or a coroutine function; its result and exceptions stay what they are.
        timeout: seconds that the delivery may take at the most; what it leaves is tried again at the next call.

    Returns:
        A function of the same kind. Without tracing it does nothing else than call ``handler``.
    """
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def answer_later(*args: Any, **kwargs: Any) -> Any:
            try:
                return await handler(*args, **kwargs)
            finally:
                await runtime.flush_off_the_loop(timeout)

        return answer_later  # type: ignore[return-value]

    @functools.wraps(handler)
    def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        finally:
            guarded("flush_after", runtime.flush, timeout)

    return answer  # type: ignore[return-value]
