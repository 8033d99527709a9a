"""Single clients: which ones are traced where not all are."""

from __future__ import annotations

from typing import Any

# Read with getattr, so that a client class may carry it for all its instances.
MARK = "_mutagent_traced"


def mark(client: Any) -> None:
    """Trace this client, and the copies it makes of itself."""
    client.__dict__[MARK] = True


def is_marked(instance: Any, attribute: str) -> bool:
    """Whether the client behind a resource is traced.

    Args:
        instance: the resource that was called on.
        attribute: where it keeps its client.
    """
    return getattr(getattr(instance, attribute, None), MARK, False) is True


def mark_copy(client: Any, copy: Any) -> None:
    """A copy of a traced client is traced."""
    if getattr(client, MARK, False) is True:
        mark(copy)
