"""What tests of several kinds share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers.trust import NOBODY

try:
    import hypothesis
except ModuleNotFoundError:
    pass  # environments of single libraries do without
else:
    # The same examples in every run: a check that fails now and then tells nothing of the change it fails on.
    hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
    hypothesis.settings.load_profile("repeatable")

# It would fetch its price list when it is imported.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")


@pytest.fixture(autouse=True)
def no_failures_of_others() -> None:
    """Failures of ours that a test counts are its own."""
    from mutagent import guard

    guard.forget()


@pytest.fixture
def trusting_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of servers on loopback, and of recordings, need no certificates, and read them all the same."""
    for name, path in NOBODY.items():
        monkeypatch.setenv(name, path)


@pytest.fixture
def auto_mode() -> Iterator[None]:
    """Every integration patched, as auto mode does it, and restored afterwards."""
    from mutagent.auto import hooks

    hooks.install()
    yield
    hooks.uninstall()
