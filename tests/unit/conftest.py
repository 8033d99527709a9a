"""What the tests of the core share: spans captured in memory, and a guard that has seen no failure of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mutagent import guard
from mutagent.testing import CapturedSpans, capture
from mutagent.tracing import runtime


@pytest.fixture
def captured() -> Iterator[CapturedSpans]:
    """Tracing into memory; fails the test where code of ours failed behind the guard."""
    guard.forget()
    with capture() as spans:
        yield spans
    assert guard.failures == {}, guard.first_errors


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process that has not looked at its environment yet, with nothing of ours in that; undone afterwards."""
    import os

    for name in [name for name in os.environ if name.startswith(("MUTAGENT", "OTEL_"))]:
        monkeypatch.delenv(name)
    live = runtime.live
    before = (live.tracer, live.pipeline, live.undecided)
    live.tracer, live.pipeline, live.undecided = None, None, True
    yield monkeypatch
    pipeline = live.pipeline
    live.tracer, live.pipeline, live.undecided = before
    if pipeline is not None:
        pipeline.shutdown(2.0)
