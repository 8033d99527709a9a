"""The methods by which the clients of generated libraries make another client."""

from __future__ import annotations

from mutagent.integrations.spec import Modules


def copies_of(*clients: tuple[str, str]) -> tuple[tuple[Modules, str], ...]:
    """Of each client, given by its module and its class, and of its async twin."""
    return tuple(
        ((module,), f"{prefix}{cls}.{name}")
        for module, cls in clients
        for prefix in ("", "Async")
        for name in ("copy", "with_options")
    )
