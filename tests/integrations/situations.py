"""What may happen to a request, whatever the provider: the contract puts every surface into each of these."""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Situation(Enum):
    """How the server behaves."""

    ANSWERED = "answers"
    REFUSED = "answers with an error of the provider's"
    OVERLOADED = "answers with status 503 twice, then as it should"
    BROKEN = "closes the connection before it answers"
    SILENT = "never answers"
    CUT = "breaks a stream off in the midst of a chunk"
    HUNG = "begins a stream and sends no more"
    FAILED = "sends an error in the midst of a stream"


class Server(Protocol):
    """A server on loopback, begun, in one situation."""

    @property
    def url(self) -> str:
        """Its root."""

    @property
    def served(self) -> int:
        """How many requests it has met."""

    def close(self) -> None:
        """Stop; every connection and thread is gone when this returns."""


class Serve(Protocol):
    """How the provider of a surface behaves in each situation that it has."""

    def meets(self, situation: Situation) -> bool:
        """Whether there is such a situation here."""

    def __call__(self, situation: Situation) -> Server:
        """Start a server in this situation."""
