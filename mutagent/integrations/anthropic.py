"""Trace one Anthropic client and no others, without auto mode."""

from __future__ import annotations

from typing import TypeVar

from mutagent.auto import clients, hooks

Client = TypeVar("Client")


def wrap_anthropic(client: Client) -> Client:
    """Trace every call of this client, and of the copies it makes of itself.

    Args:
        client: an ``Anthropic`` or ``AsyncAnthropic`` client, or one of their platform variants.

    Returns:
        The same client.

    Raises:
        ModuleNotFoundError: where ``anthropic`` is not installed.
        RuntimeError: where its version is not supported.
    """
    hooks.install_for_marked_clients("anthropic")
    clients.mark(client)
    return client
