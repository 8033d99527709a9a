"""LangChain against the stand-in provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest

from mutagent.demo.provider import Rule
from tests.integrations.langchain.counting import CountingProvider

# LangChain and LangGraph are installed in the environments made for these tests, and need not be in others.
collect_ignore_glob = [] if find_spec("langgraph") and find_spec("langchain_openai") else ["test_*.py"]

# The libraries warn of each other.
_THEIR_WARNINGS = ("ignore::DeprecationWarning", "ignore:Unexpected type for token usage:UserWarning",
                   "ignore:Pydantic serializer warnings:UserWarning")  # fmt: skip


def pytest_itemcollected(item: pytest.Item) -> None:
    """Warnings of ours alone are errors here."""
    for warning in _THEIR_WARNINGS:
        item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture
def serve_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CountingProvider]]:
    """Start a provider that remembers the tokens it sent, and lead the clients to it by their variables."""
    providers: list[CountingProvider] = []

    def start(*rules: Rule) -> CountingProvider:
        provider = CountingProvider(*rules)
        provider.start()
        providers.append(provider)
        for name, value in provider.environment().items():
            monkeypatch.setenv(name, value)
        # What langchain-openai before 0.3 reads.
        monkeypatch.setenv("OPENAI_API_BASE", provider.openai_url)
        return provider

    yield start
    if providers:
        from tests.integrations.langchain.loop import close_clients

        close_clients()
    for provider in providers:
        provider.close()
