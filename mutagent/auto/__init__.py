"""Tracing without changing the program: ``python -m mutagent.auto app.py``, or :func:`instrument` in the program.

Importing this package does nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutagent.auto.report import IntegrationStatus

__all__ = ["instrument", "status", "uninstrument"]


def instrument(*names: str) -> None:
    """Trace LLM libraries in this process.

    With ``MUTAGENT_AUTO=0`` in the environment this does nothing.

    Args:
        names: integrations by name, such as ``"openai"``. They are patched at once. Without names all that we know
            are traced, as in auto mode: those already imported now, the others when they are imported.

    Raises:
        ValueError: for a name that is no integration.
        ModuleNotFoundError: if a library named here is not installed.
        ImportError: if another package brings the integration, and it can't be loaded.
        RuntimeError: if its version is not supported. Without names such libraries are passed over.
    """
    from mutagent.auto import activation

    if not names:
        activation.activate()
        return
    if not activation.mark_active():
        return
    from mutagent.auto import hooks

    hooks.install(names, strict=True)


def uninstrument() -> None:
    """Take all patches out again. Spans that are open end as usual."""
    import sys

    from mutagent.auto import activation

    activation.deactivate()
    # Not imported yet means nothing is patched, and wrapt need not be loaded to undo nothing.
    hooks = sys.modules.get("mutagent.auto.hooks")
    if hooks is not None:
        hooks.uninstall()


def status() -> list[IntegrationStatus]:
    """What is patched and what is not: one row per integration, with its targets."""
    from mutagent.auto import hooks

    return hooks.status()
