"""Auto mode: one handler for every run, through LangChain's own hook."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from mutagent.integrations.langchain.handler import MutagentCallbackHandler


class AutoHandler(MutagentCallbackHandler):
    """The handler of auto mode."""

    def _trace_classes(self) -> None:
        """They are patched as they are imported: this runs within an import of LangChain's, where ours would fail."""


def install(module: Any) -> Callable[[], None]:
    """Register a handler with ``langchain_core.tracers.context``; returns what takes it out again."""
    handler = AutoHandler()
    # Its default is found in every thread and context.
    variable: ContextVar[Any] = ContextVar("mutagent_langchain", default=handler)
    module.register_configure_hook(variable, True)
    return partial(_uninstall, module, variable, handler)


def _uninstall(module: Any, variable: ContextVar[Any], handler: MutagentCallbackHandler) -> None:
    # Managers that were made before keep the handler; LangChain has no call to take a hook back.
    handler.switch_off()
    hooks = getattr(module, "_configure_hooks", None)
    if type(hooks) is list:
        hooks[:] = [hook for hook in hooks if hook[0] is not variable]
