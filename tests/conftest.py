"""What tests of several kinds share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def auto_mode() -> Iterator[None]:
    """Every integration patched, as auto mode does it, and restored afterwards."""
    from mutagent.auto import hooks

    hooks.install()
    yield
    hooks.uninstall()
