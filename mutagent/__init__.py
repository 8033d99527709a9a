"""mutagent: see every LLM call of a Python program without changing the program.

Importing this package does no work: the public names below load on first use (PEP 562), so that a program which
only carries the dependency pays nothing for it.
"""

from __future__ import annotations

import os

# `import typing` would cost every traced process more than all else that we load at its start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.5.0"

_PUBLIC = (
    "end_span",
    "flush",
    "init_tracing",
    "session",
    "shutdown_tracing",
    "start_span",
    "trace",
)

__all__ = ["__version__", *_PUBLIC]

# Releases 0.2-0.4 of this distribution exported a REST client under the same import name.
_REST_CLIENT = ("Mutagent", "AsyncMutagent")


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        from mutagent import tracing

        return getattr(tracing, name)
    if name in _REST_CLIENT:
        raise ImportError(
            f"mutagent {__version__} is the tracing SDK and has no {name}: the REST client ended with mutagent-sdk "
            "0.4. Pin 'mutagent-sdk<0.5' where you need it."
        )
    raise AttributeError(f"module 'mutagent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


# The variable alone does nothing in a plain interpreter; a program that imports us has given us the chance to act.
if os.environ.get("MUTAGENT_AUTO", "").strip().lower() in ("1", "true", "yes", "on"):
    from mutagent.auto import activation as _activation

    _activation.activate_from_environment()
