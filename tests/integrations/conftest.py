"""Servers, and spans of what is traced under auto mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from mutagent.demo.provider import Provider
from mutagent.testing import CapturedSpans
from tests.integrations import standin
from tests.integrations.late import late_capture
from tests.integrations.situations import Server, Situation
from tests.integrations.surfaces import Surface


@pytest.fixture(autouse=True)
def reading_no_certificates(trusting_nobody: None) -> None:
    """Every client here is one of a server on loopback."""


@pytest.fixture
def serve() -> Iterator[Callable[..., Provider]]:
    """Start a stand-in provider for replies or rules; all are closed at the end."""
    with ExitStack() as providers:
        yield lambda *rules: providers.enter_context(closing(standin.script(*rules)))


@pytest.fixture
def server_of() -> Iterator[Callable[..., Server]]:
    """Start a surface's server, in a situation or one that answers; all are closed at the end."""
    with ExitStack() as servers:

        def start(surface: Surface, situation: Situation = Situation.ANSWERED) -> Server:
            return servers.enter_context(closing(surface.serve(situation)))

        yield start


@pytest.fixture
def captured(auto_mode: None) -> Iterator[CapturedSpans]:
    """The spans of one test, under auto mode, read as late as where they are sent."""
    with late_capture() as spans:
        yield spans
