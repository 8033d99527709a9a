"""The stand-in provider, and spans of what is traced under auto mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mutagent.demo.provider import Provider, Rule, Script
from mutagent.testing import CapturedSpans, capture
from tests.servers.faults import FaultyProvider


@pytest.fixture
def serve() -> Iterator[Callable[..., Provider]]:
    """Start a stand-in provider for replies or rules; all are closed at the end."""
    providers: list[Provider] = []

    def start(*rules: Rule) -> Provider:
        provider = FaultyProvider(Script(rules)).start()
        providers.append(provider)
        return provider

    yield start
    for provider in providers:
        provider.close()


@pytest.fixture
def captured(auto_mode: None) -> Iterator[CapturedSpans]:
    """The spans of one test, under auto mode."""
    with capture() as spans:
        yield spans
