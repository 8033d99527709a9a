"""What every test of the contract asks first: whether it can be asked here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mutagent.auto import hooks
from mutagent.testing import CapturedSpans, capture
from tests.integrations.surfaces import Surface


@pytest.fixture(autouse=True)
def applicable(request: pytest.FixtureRequest) -> None:
    """Skip where the library is missing, and where a surface says why this test can't be asked of it."""
    surface = getattr(request.node, "callspec", None) and request.node.callspec.params.get("surface")
    if not isinstance(surface, Surface):
        return
    surface.require()
    reason = surface.inapplicable.get(request.function.__name__)
    if reason is not None:
        pytest.skip(f"{surface}: {reason}")


@pytest.fixture
def traced_later() -> Iterator[CapturedSpans]:
    """Captured spans, with nothing patched until the test does it."""
    with capture() as spans:
        yield spans
    hooks.uninstall()
