"""A stand-in Bedrock for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integrations.bedrock.service import Service


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A server that answers as the test says."""
    from tests.integrations.bedrock.service import Service

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = Service()
    server.start()
    yield server
    server.close()
