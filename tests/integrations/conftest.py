"""Servers, and spans of what is traced under auto mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from mutagent.demo.provider import Provider
from mutagent.testing import CapturedSpans, capture
from tests.integrations import standin
from tests.integrations.situations import Server, Situation
from tests.integrations.surfaces import Surface
from tests.servers.trust import NOBODY


@pytest.fixture(autouse=True)
def trusting_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of servers on loopback need no certificates, and read them all the same."""
    for name, path in NOBODY.items():
        monkeypatch.setenv(name, path)


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
    """The spans of one test, under auto mode."""
    with capture() as spans:
        yield spans
